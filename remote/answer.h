#pragma once
// The line that answers a request, with what went wrong told so that a DataLad user understands it: what,
// which key, why, and what to do. Pure.

#include <string>

#include "lib/core/result.h"
#include "remote/protocol.h"

namespace microstage::remote {

[[nodiscard]] std::string answer(const Request& request, const Status& status);

}  // namespace microstage::remote
