#pragma once
// The bytes of an event: the canonical ones that the hash chain covers (events.md, "Canonical bytes"), and
// the part of them that the column `detail` holds. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "lib/core/result.h"
#include "lib/ledger/event.h"

namespace microstage::ledger {

// Appends the canonical bytes of the event with this number. They hold texts, never ids of interned ones.
// Precondition: the event's type is in the catalogue.
void append_canonical(std::string& out, std::uint64_t seq, const Event& event);

// The reverse. Accepts exactly what append_canonical makes; anything else fails with `integrity`.
[[nodiscard]] Result<std::pair<std::uint64_t, Event>> parse_canonical(std::string_view bytes);

// The rare fields only, encoded in the same way.
void append_detail(std::string& out, const Event& event);
[[nodiscard]] Status parse_detail(std::string_view bytes, Event& event);

}  // namespace microstage::ledger
