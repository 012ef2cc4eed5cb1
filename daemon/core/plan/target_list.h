#pragma once
// A list of targets, one a line: names are bytes, so nothing is quoted, and a blank or # at the beginning of
// a line is part of a name. Empty lines say nothing. The last line may end without a newline. Pure; any
// thread.

#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/plan/target.h"

namespace microstage::core {

struct ListedTarget {
  Target target;
  std::size_t line = 0;  // from 1
};

// Error: invalid, with `name` and the line, for a line that can be no target. One that ends in a carriage
// return is refused, too: it would name nothing that is there, and nobody would see why.
[[nodiscard]] Result<std::vector<ListedTarget>> parse_target_list(std::string_view bytes,
                                                                  std::string_view name);

}  // namespace microstage::core
