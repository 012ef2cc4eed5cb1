#include "daemon/cli/command.h"

#include <cstdio>
#include <filesystem>

#include "lib/core/text.h"
#include "lib/store/ria_url.h"

namespace microstage::cli {

ExitStatus exit_status_of(const Error& error) {
  const bool missing = error.kind == ErrorKind::not_found || error.kind == ErrorKind::mount_sick;
  return missing ? kNoSuchThing : kFailed;
}

void print_error(std::string_view message) {
  const std::string line = "microstage: " + one_line(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

ExitStatus report(const Error& error) {
  print_error(error.message);
  return exit_status_of(error);
}

void JsonObject::add(std::string_view name, std::string_view raw) {
  if (!fields_.empty()) fields_ += ", ";
  fields_ += json_string(name) + ": ";
  fields_ += raw;
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  add(name, json_string(value));
  return *this;
}

JsonObject& JsonObject::text_unless_empty(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  add(name, std::to_string(value));
  return *this;
}

JsonObject& JsonObject::boolean(std::string_view name, bool value) {
  add(name, value ? "true" : "false");
  return *this;
}

JsonObject& JsonObject::texts(std::string_view name, const std::vector<std::string>& values) {
  std::string list;
  for (const std::string& value : values)
    list += (list.empty() ? "" : ", ") + json_string(value);
  add(name, "[" + list + "]");
  return *this;
}

std::string absolute_path(const std::string& path) {
  std::string absolute = std::filesystem::absolute(path).lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/')
    absolute.pop_back();
  return absolute;
}

Result<std::string> store_path_of(const std::string& store) {
  if (store.empty())
    return fail(ErrorKind::invalid, "the store's path is empty; give a path or ria+file:///data/store");
  if (store.find("://") == std::string::npos) return absolute_path(store);
  const auto url = store::RiaUrl::parse(store);
  if (!url) return fail(url.error());
  if (!url->is_local()) {
    return fail(ErrorKind::unsupported,
                "the store " + url->text() +
                    " is on another host: run this where its file system is mounted, and give "
                    "its path or ria+file:///… URL");
  }
  return absolute_path(url->path);
}

}  // namespace microstage::cli
