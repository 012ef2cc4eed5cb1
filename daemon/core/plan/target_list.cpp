#include "daemon/core/plan/target_list.h"

#include "lib/core/text.h"

namespace microstage::core {

Result<std::vector<ListedTarget>> parse_target_list(std::string_view bytes, std::string_view name) {
  std::vector<ListedTarget> listed;
  std::size_t number = 0;
  for (const std::string_view line : split(bytes, '\n')) {
    ++number;
    if (line.empty()) continue;
    auto target = line.ends_with('\r')
                      ? fail(ErrorKind::invalid,
                             "a carriage return is at the end of the line; write the list with newlines only")
                      : parse_target(line);
    if (!target) {
      return fail(target.error().kind,
                  one_line(name) + ":" + std::to_string(number) + ": " + target.error().message);
    }
    listed.push_back({std::move(*target), number});
  }
  return listed;
}

}  // namespace microstage::core
