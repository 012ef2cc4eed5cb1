#pragma once
// Times as people write and read them: in the local time zone, to the minute. Programs get UTC, exactly.
// Times are nanoseconds since 1970.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace microstage::cli {

[[nodiscard]] std::int64_t current_time();

// "7d" (ago; also s, min, h, w), "2026-11-22", "2026-11-22 18:30", "2026-11-22T18:30:05"; with a Z behind it
// UTC. Nothing for any other text.
[[nodiscard]] std::optional<std::int64_t> parse_time(std::string_view text, std::int64_t now);

[[nodiscard]] std::string local_time(std::int64_t time);  // "2026-11-22 18:30"
[[nodiscard]] std::string utc_time(std::int64_t time);    // "2026-11-22T17:30:05.123456789Z"

}  // namespace microstage::cli
