#pragma once
// Names that become paths. Both are checked when they are made, so that a value of these types is always one
// or two plain path components below the store, whatever a dataset or a user claimed.

#include <string>
#include <string_view>

#include "lib/core/result.h"

namespace microstage {

// A DataLad dataset id: a UUID in its usual lower-case form, 8-4-4-4-12 hex digits.
class DatasetId {
 public:
  [[nodiscard]] static Result<DatasetId> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  // Where a RIA store keeps the dataset, relative to its root: "b24/8c7d0-…".
  [[nodiscard]] std::string store_path() const { return text_.substr(0, 3) + "/" + text_.substr(3); }

 private:
  explicit DatasetId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// A dataset's alias in a store: one path component; no leading dot, no slash, no control character.
class Alias {
 public:
  [[nodiscard]] static Result<Alias> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  explicit Alias(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

}  // namespace microstage
