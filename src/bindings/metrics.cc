#include "bindings/metrics.h"

#include "bindings/values.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

nb::object checked(PyObject* made) {
  if (made == nullptr) throw nb::python_error();
  return nb::steal(made);
}

/// A name as Python knows it: made once, and kept until the process ends.
nb::handle interned(const char* name) {
  static auto& known = *new std::unordered_map<const char*, PyObject*>;
  PyObject*& text = known[name];
  if (text == nullptr) text = PyUnicode_InternFromString(name);
  if (text == nullptr) throw nb::python_error();
  return text;
}

template <typename Item, typename Make>
nb::object list_of(std::span<const Item> items, Make make) {
  nb::object list = checked(PyList_New(static_cast<Py_ssize_t>(items.size())));
  for (std::size_t i = 0; i < items.size(); ++i) {
    PyList_SetItem(list.ptr(), static_cast<Py_ssize_t>(i), checked(make(items[i])).release().ptr());
  }
  return list;
}

class MetricsDict final : public MetricsWriter {
 public:
  [[nodiscard]] nb::dict take() { return std::move(metrics_); }

  void text(const char* name, std::string_view text) override { set(name, to_python(text)); }
  void count(const char* name, std::uint64_t count) override {
    set(name, checked(PyLong_FromUnsignedLongLong(count)));
  }
  void number(const char* name, double number) override {
    set(name, checked(PyFloat_FromDouble(number)));
  }
  void counts(const char* name, std::span<const std::uint64_t> counts) override {
    set(name, list_of(counts, PyLong_FromUnsignedLongLong));
  }
  void numbers(const char* name, std::span<const double> numbers) override {
    set(name, list_of(numbers, PyFloat_FromDouble));
  }
  void begin_nodes(const char* name, std::size_t /*count*/) override { set(name, nodes_); }
  void begin_node() override { node_ = nb::dict(); }
  void end_node() override {
    nodes_.append(*node_);
    node_.reset();
  }
  void end_nodes() override {}

 private:
  void set(const char* name, const nb::object& value) {
    nb::dict& object = node_ ? *node_ : metrics_;
    if (PyDict_SetItem(object.ptr(), interned(name).ptr(), value.ptr()) != 0) {
      throw nb::python_error();
    }
  }

  nb::dict metrics_;
  nb::list nodes_;
  std::optional<nb::dict> node_;  ///< the one that is being written
};

}  // namespace

nb::dict to_python(const Metrics& metrics) {
  MetricsDict dict;
  write_metrics(metrics, dict);
  return dict.take();
}

}  // namespace remotemedia::bindings
