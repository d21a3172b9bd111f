#pragma once

#include "remotemedia/graph/document.h"

#include <string>
#include <vector>

namespace remotemedia {

/// Puts a Document together from a parser's events and enforces the limits of document.h, so that
/// both formats share them. Every call takes the line of its token.
class DocumentBuilder {
 public:
  void scalar(Value value, int line);
  void begin_array(int line);
  void begin_object(int line);
  void key(std::string name, int line);
  void end();

  /// The finished document; the root is null if the text had no value.
  Document take() { return std::move(document_); }

 private:
  struct Frame {
    Value value;
    std::string pointer;
    std::string key;
  };

  void begin(Value empty, int line);
  void place(Value value);
  [[nodiscard]] std::string next_pointer() const;
  void record(const std::string& pointer, int line);

  Document document_;
  std::vector<Frame> open_;
  std::size_t values_ = 0;
};

}  // namespace remotemedia
