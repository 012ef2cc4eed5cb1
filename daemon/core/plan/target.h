#pragma once
// What people name: TARGET of the command line, and lines of a list.
//
//   /data/fast/B20_0197, ./B20_0197, brain/B20_0197   a path: has a slash, or begins with a dot. A dataset,
//   or
//                             a file or directory in one; in a superdataset also where nothing is installed
//   b24c7f1a-90d1-…           a dataset's id: 36 characters, in either case
//   B20_0197                  a name: what is so called in the working directory, if it is in a dataset; else
//                             the alias in the store
//   B20_01*                   a pattern for aliases (glob.h)
//   B20_0100..B20_0199        aliases from the first number to the last, both included
//
// Nobody has to guess: ./NAME is always a path. Patterns and ranges mean aliases only, never files; the shell
// has patterns for those. An alias that is called exactly as the text is meant before any pattern or range:
// store aliases may have these characters in them.
//
// Ranges go by the number at the end: both ends have the same text before it, and are padded with zeros to
// the same length (B20_0001..B20_0100) or not padded (s9..s12, which has s10 and neither s010 nor s10b).
// Numbers may have any length. Names that are missing in between are no error.
//
// Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/result.h"

namespace microstage::core {

enum class TargetKind { path, id, name, aliases };

struct Target {
  TargetKind kind = TargetKind::name;
  std::string text;  // an id in lower case, everything else as it was given
};

// Error: invalid for what can be no target: nothing, a NUL, more than 4095 bytes.
[[nodiscard]] Result<Target> parse_target(std::string_view text);

// The places of the names in `aliases` that `text` (a name, pattern or range) means, in their order. Errors:
// not_found when there is none; invalid for what looks like a range and is none.
[[nodiscard]] Result<std::vector<std::size_t>> select_aliases(std::string_view text,
                                                              const std::vector<std::string_view>& aliases);

}  // namespace microstage::core
