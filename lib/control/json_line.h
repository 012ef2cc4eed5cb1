#pragma once
// One flat JSON object on one line: texts and whole numbers by name. What programs of ours say to each other
// is made of such lines, and a reader must take a hostile one as calmly as a good one.
//
// Names and paths are bytes: a byte that is not UTF-8 is written as the lone surrogate \udcXX (json_string
// does), and comes back as that byte. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/core/result.h"

namespace microstage::control {

struct JsonMember {
  std::string name;
  std::variant<std::string, std::uint64_t> value;
};

// Takes what RFC 8259 allows for such an object. Errors: invalid, with what is wrong and at which byte:
// anything else than texts and whole numbers up to 2^63-1, a name that comes twice, bytes that are no UTF-8,
// a zero byte, a surrogate that stands for nothing, anything after the object.
[[nodiscard]] Result<std::vector<JsonMember>> parse_json_line(std::string_view line);

}  // namespace microstage::control
