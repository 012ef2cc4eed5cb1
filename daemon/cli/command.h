#pragma once
// What every command of `microstage` shares: exit statuses, errors on standard error, JSON lines on standard
// output.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

namespace microstage::cli {

enum ExitStatus : int { kDone = 0, kFailed = 1, kUsage = 2, kNoSuchThing = 3 };

[[nodiscard]] ExitStatus exit_status_of(const Error& error);

// "microstage: …" on standard error, as one line.
void print_error(std::string_view message);
// The same, and the status to end with.
[[nodiscard]] ExitStatus report(const Error& error);

// One object on one line; names are bytes, see json_string.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::uint64_t value);
  JsonObject& boolean(std::string_view name, bool value);
  JsonObject& texts(std::string_view name, const std::vector<std::string>& values);
  // Leaves the field out when `value` is empty.
  JsonObject& text_unless_empty(std::string_view name, std::string_view value);
  [[nodiscard]] std::string line() const { return "{" + fields_ + "}\n"; }

 private:
  void add(std::string_view name, std::string_view raw);
  std::string fields_;
};

// `path` from the root, without "." and ".."; symbolic links stay what the user chose.
[[nodiscard]] std::string absolute_path(const std::string& path);

// A path or a ria+file:// URL becomes the absolute path of the store's root. Errors: invalid, and unsupported
// for a URL that leads to another host.
[[nodiscard]] Result<std::string> store_path_of(const std::string& store);

}  // namespace microstage::cli
