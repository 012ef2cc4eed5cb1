#include "remote/answer.h"

namespace microstage::remote {

namespace {

// What to do next, where the message of the error does not already say it.
std::string_view advice(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::space_bytes:
    case ErrorKind::space_inodes:
    case ErrorKind::space_quota:
      return "; free some space, then run the command again";
    case ErrorKind::permission:
      return "; ask who owns it for access";
    case ErrorKind::transient:
    case ErrorKind::source_changed:
    case ErrorKind::durability:
      return "; run the command again";
    default:
      return "";
  }
}

std::string explain(std::string_view what, const std::string& key, const Error& error) {
  return std::string{what} + " " + key + ": " + error.message + std::string{advice(error.kind)};
}

std::string_view what(RequestType type) {
  switch (type) {
    case RequestType::store:
      return "cannot store";
    case RequestType::retrieve:
      return "cannot retrieve";
    case RequestType::remove:
      return "cannot remove";
    case RequestType::rename_export:
      return "cannot rename";
    default:
      return "cannot look for";
  }
}

}  // namespace

std::string answer(const Request& request, const Status& status) {
  if (status) return success_reply(request);
  if (request.key.empty()) return failure_reply(request, status.error().message);
  return failure_reply(request, explain(what(request.type), request.key, status.error()));
}

}  // namespace microstage::remote
