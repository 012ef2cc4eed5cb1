#pragma once
// The name of a file or directory in an export tree, relative to its root. Names come from commits and are
// hostile: any bytes but a newline. Pure.

#include <string>
#include <string_view>

#include "lib/annex/key.h"
#include "lib/core/result.h"

namespace microstage::store {

// The directory of our own at the root of a tree, for files in the making.
inline constexpr std::string_view kTreeWorkDirectory = ".microstage";

class ExportName {
 public:
  // Errors: invalid when the name is none below a root (absolute, empty, "." or ".." or an empty component, a
  // zero byte), which git never has; unsupported when git can have it and a tree cannot: a component of more
  // than 255 bytes, or ours. Of the latter nothing can ever have been exported.
  [[nodiscard]] static Result<ExportName> parse(std::string_view text);

  // Where git-annex puts keys that no exported file has (annexobjects=yes): the name says what the file
  // holds.
  [[nodiscard]] static ExportName of_object(const annex::Key& key);
  // Where git-annex has the key's file while it gives others its name. Errors: as parse.
  [[nodiscard]] static Result<ExportName> temporary_of(const annex::Key& key);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string parent() const;  // "." for a name at the root
  [[nodiscard]] std::string leaf() const;
  bool operator==(const ExportName&) const = default;

 private:
  explicit ExportName(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// "file:///data/tree" to the directory it names. Errors: invalid.
[[nodiscard]] Result<std::string> tree_path_of(std::string_view url);
[[nodiscard]] bool is_tree_url(std::string_view url);

}  // namespace microstage::store
