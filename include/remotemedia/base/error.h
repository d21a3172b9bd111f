#pragma once

#include "remotemedia/base/value.h"

#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace remotemedia {

/// Every exception of the library. `what()` is one paragraph: what is wrong with which value,
/// where, and what to do. The kinds below are the only ones; each has a stable code.
class Error : public std::runtime_error {
 public:
  Error(const char* code, const std::string& message, std::string hint)
      : std::runtime_error(hint.empty() ? message : message + "; " + hint),
        code_(code),
        hint_(std::move(hint)) {}

  /// Stable name of the kind, e.g. "RM1000".
  [[nodiscard]] const char* code() const noexcept { return code_; }
  /// What to do about it; the last part of `what()`. May be empty.
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  /// `what()` without the hint, for an error that takes this one over.
  [[nodiscard]] std::string message() const {
    const std::string all = what();
    return hint_.empty() ? all : all.substr(0, all.size() - hint_.size() - 2);
  }
  /// What its kind knows of the place, by name, e.g. pointer and line; for machine-readable output.
  [[nodiscard]] virtual Object details() const { return {}; }

 private:
  const char* code_;
  std::string hint_;
};

/// A base of exceptions whose cause may pass, so that the same call may succeed later.
class Transient {
 public:
  Transient() = default;
  Transient(const Transient&) = default;
  Transient& operator=(const Transient&) = default;
  virtual ~Transient() = default;
};

/// Whether a repeat makes sense: files, connections, timeouts. Never for wrong parameters,
/// manifests and types.
inline bool is_transient(const std::exception& error) noexcept {
  return dynamic_cast<const Transient*>(&error) != nullptr ||
         dynamic_cast<const std::system_error*>(&error) != nullptr;
}

/// A parameter or an argument is out of range, or contradicts another one.
class ConfigError : public Error {
 public:
  explicit ConfigError(const std::string& message, std::string hint = {})
      : Error("RM1000", message, std::move(hint)) {}
};

/// A manifest or the graph it describes is wrong. Found before anything runs.
class ManifestError : public Error {
 public:
  ManifestError(const std::string& message, std::string pointer, int line, std::string hint = {})
      : Error("RM2000", "Manifest error: " + message, std::move(hint)),
        pointer_(std::move(pointer)),
        line_(line) {}

  /// JSON pointer (RFC 6901) to the offending value; empty for the whole document.
  [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }
  /// Line in the text, from 1; 0 where the manifest did not come from text.
  [[nodiscard]] int line() const noexcept { return line_; }
  [[nodiscard]] Object details() const override { return {{"pointer", pointer_}, {"line", line_}}; }

 private:
  std::string pointer_;
  int line_;
};

/// A node failed while it ran. The cause, if it was an exception, is nested
/// (std::nested_exception).
class NodeError : public Error {
 public:
  NodeError(std::string node_id, std::string node_type, std::string stage, const std::string& cause,
            std::string hint = {}, int attempt = 1)
      : Error("RM3000",
              "Execution error: node '" + node_id + "' (" + node_type + ") failed in " + stage +
                  ": " + cause,
              std::move(hint)),
        node_id_(std::move(node_id)),
        node_type_(std::move(node_type)),
        stage_(std::move(stage)),
        attempt_(attempt) {}

  [[nodiscard]] const std::string& node_id() const noexcept { return node_id_; }
  [[nodiscard]] const std::string& node_type() const noexcept { return node_type_; }
  /// "initialize", "process" or "flush".
  [[nodiscard]] const std::string& stage() const noexcept { return stage_; }
  /// Which call for the packet failed, from 1; more than 1 if it was repeated.
  [[nodiscard]] int attempt() const noexcept { return attempt_; }
  [[nodiscard]] Object details() const override {
    return {
        {"node_id", node_id_}, {"node_type", node_type_}, {"stage", stage_}, {"attempt", attempt_}};
  }

 protected:
  /// The same error with more text.
  NodeError(const NodeError& error, const std::string& others)
      : Error(error.code(), error.message() + others, error.hint()),
        node_id_(error.node_id_),
        node_type_(error.node_type_),
        stage_(error.stage_),
        attempt_(error.attempt_) {}

 private:
  std::string node_id_;
  std::string node_type_;
  std::string stage_;
  int attempt_;
};

/// Several nodes failed, on branches of the graph that run at the same time: the fields are those
/// of the first one in graph order.
class NodeErrors final : public NodeError {
 public:
  /// `failures` is what all nodes failed with, and `others` what all but the first say.
  NodeErrors(const NodeError& first, const std::string& others,
             std::vector<std::exception_ptr> failures)
      : NodeError(first, others), failures_(std::move(failures)) {}

  /// Of all nodes, the first one's first.
  [[nodiscard]] const std::vector<std::exception_ptr>& failures() const { return failures_; }

 private:
  std::vector<std::exception_ptr> failures_;
};

/// A node was not called, because it has failed too often in a row.
class CircuitOpenError : public Error {
 public:
  explicit CircuitOpenError(const std::string& node_id)
      : Error("RM3100",
              "Circuit breaker is open for node '" + node_id + "' - too many consecutive failures",
              {}) {}
};

/// A file could not be read or written.
class IoError : public Error, public Transient {
 public:
  IoError(const std::string& message, std::string path, std::string hint = {})
      : Error("RM4000", "I/O error: " + message, std::move(hint)), path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] Object details() const override { return {{"path", path_}}; }

 private:
  std::string path_;
};

/// An item of the wrong type, or of the right type with the wrong dtype or shape.
class WrongTypeError : public Error {
 public:
  explicit WrongTypeError(const std::string& message, std::string hint = {})
      : Error("RM5000", message, std::move(hint)) {}
};

}  // namespace remotemedia
