#pragma once
// Result<T>: a value or an Error. Functions that return one are [[nodiscard]]; an error that is deliberately
// dropped goes through ignore_error, which names the reason and can be searched for.

#include <string_view>
#include <tl/expected.hpp>

#include "lib/core/error.h"

namespace microstage {

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, int code = 0) {
  return tl::unexpected<Error>(Error{kind, std::move(message), code});
}

template <class T>
[[nodiscard]] tl::unexpected<Error> failure_of(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}

template <class T>
void ignore_error(const Result<T>&, std::string_view /*reason*/) {}

}  // namespace microstage
