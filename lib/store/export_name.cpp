#include "lib/store/export_name.h"

#include "lib/core/text.h"

namespace microstage::store {

namespace {

constexpr std::size_t kLongestComponent = 255;
constexpr std::size_t kLongestPath = 4095;  // what the kernel takes in one call

Result<ExportName> refused(ErrorKind kind, std::string_view name, std::string_view why) {
  return fail(kind, "'" + one_line(name) + "' " + std::string{why});
}

}  // namespace

Result<ExportName> ExportName::parse(std::string_view text) {
  if (text.empty()) return fail(ErrorKind::invalid, "an exported file has no name");
  if (text.find('\0') != std::string_view::npos)
    return refused(ErrorKind::invalid, text, "has a zero byte in it, which no file name has");
  const auto components = split(text, '/');
  for (const std::string_view component : components) {
    if (component.empty() || component == "." || component == "..")
      return refused(ErrorKind::invalid, text, "is no path below the tree's root");
  }
  if (components.front() == kTreeWorkDirectory) {
    return refused(
        ErrorKind::unsupported, text,
        "cannot be exported: .microstage is where files in the making are; rename it in the dataset");
  }
  for (const std::string_view component : components) {
    if (component.size() > kLongestComponent)
      return refused(ErrorKind::unsupported, text, "has a component of more than 255 bytes; shorten it");
  }
  if (text.size() > kLongestPath)
    return refused(ErrorKind::unsupported, text, "has more than 4095 bytes; shorten it");
  return ExportName(std::string{text});
}

ExportName ExportName::of_object(const annex::Key& key) {
  const std::string name = key.file_name();
  return ExportName(".git/annex/objects/" + key.hash_directories_lower() + "/" + name + "/" + name);
}

Result<ExportName> ExportName::temporary_of(const annex::Key& key) {
  return parse(".git-annex-tmp-content-" + key.text());
}

std::string ExportName::parent() const {
  const std::size_t slash = path_.rfind('/');
  return slash == std::string::npos ? "." : path_.substr(0, slash);
}

std::string ExportName::leaf() const {
  return path_.substr(path_.rfind('/') + 1);
}

bool is_tree_url(std::string_view url) {
  return url.starts_with("file://");
}

Result<std::string> tree_path_of(std::string_view url) {
  std::string_view rest = url;
  if (consume_prefix(rest, "file://")) {
    if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view{"localhost"}.size());
    while (rest.size() > 1 && rest.back() == '/')
      rest.remove_suffix(1);
    if (rest.size() > 1 && rest.front() == '/' && rest.find('\0') == std::string_view::npos)
      return std::string{rest};
  }
  return fail(ErrorKind::invalid, "url=" + one_line(url) +
                                      " names no directory for a file tree; give an absolute path, for "
                                      "example url=file:///data/tree");
}

}  // namespace microstage::store
