// Manifest texts, their schema and the node types, as plain Python objects.

#include "remotemedia/graph/document.h"

#include "bindings/module.h"
#include "bindings/python_access.h"
#include "bindings/values.h"
#include "remotemedia/base/check.h"
#include "remotemedia/graph/graph.h"
#include "remotemedia/nodes/builtin.h"

#include <nanobind/stl/string.h>

#include <string>

namespace remotemedia::bindings {

namespace nb = nanobind;

namespace {

TextFormat to_text_format(const std::string& name) {
  if (name == "json") return TextFormat::json;
  if (name == "yaml") return TextFormat::yaml;
  refuse("format", "'" + name + "'", "'json' or 'yaml'");
}

nb::tuple parse(const nb::str& text, const std::string& format) {
  const std::string utf8 = to_text(text, "the text");
  const TextFormat wanted = to_text_format(format);
  const Document document = [&] {
    const GilRelease unlocked;
    return parse_document(utf8, wanted);
  }();
  nb::dict lines;
  for (const auto& [pointer, line] : document.lines) {
    lines[to_python(std::string_view(pointer))] = line;
  }
  return nb::make_tuple(to_python(document.root), lines);
}

nb::list node_types() {
  nb::list types;
  for (const NodeType* type : builtin_nodes().types()) {
    types.append(to_python(describe_node_type(*type)));
  }
  return types;
}

nb::object schema() { return to_python(manifest_schema(builtin_nodes())); }

}  // namespace

void bind_documents(nb::module_& m) {
  using nb::literals::operator""_a;
  m.def("parse_document", parse, "text"_a, "format"_a,
        nb::sig("def parse_document(text: str, format: str) -> tuple[object, dict[str, int]]"),
        "Parse JSON or YAML; gives the value and the line of each JSON pointer.");
  m.def("node_types", node_types, nb::sig("def node_types() -> list[dict[str, typing.Any]]"),
        "Describe every node type of the registry.");
  m.def("manifest_schema", schema, nb::sig("def manifest_schema() -> dict[str, typing.Any]"),
        "Give the JSON Schema of manifest v1.");
}

}  // namespace remotemedia::bindings
