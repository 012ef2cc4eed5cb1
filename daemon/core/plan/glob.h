#pragma once
// Patterns as shells have them, for names: * is any text, ? one character, [a-c] one of these, [!a-c] one
// that is not, \ takes the next character as it is. A [ that nothing closes is a [. Characters are those of
// UTF-8; each byte that is none is one by itself. Unlike fnmatch(3) it goes by no locale, and its time is at
// most the product of the lengths, whatever the pattern.
//
// Pure; any thread.

#include <string_view>

namespace microstage::core {

[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

// Whether there is anything in `text` that a pattern gives a meaning to.
[[nodiscard]] bool has_glob(std::string_view text);

}  // namespace microstage::core
