#include "lib/core/error.h"

#include <cerrno>
#include <cstring>

namespace microstage {

bool retryable(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::transient:
    case ErrorKind::mount_sick:
    case ErrorKind::space_bytes:
    case ErrorKind::space_inodes:
    case ErrorKind::space_quota:
    case ErrorKind::source_changed:
    case ErrorKind::durability:
      return true;
    default:
      return false;
  }
}

ErrorScope scope(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::mount_sick:
    case ErrorKind::space_bytes:
    case ErrorKind::space_inodes:
    case ErrorKind::space_quota:
      return ErrorScope::tier;
    case ErrorKind::stale_lease:
    case ErrorKind::cancelled:
      return ErrorScope::request;
    default:
      return ErrorScope::item;
  }
}

std::string_view name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::transient:
      return "transient";
    case ErrorKind::mount_sick:
      return "mount-sick";
    case ErrorKind::space_bytes:
      return "space-bytes";
    case ErrorKind::space_inodes:
      return "space-inodes";
    case ErrorKind::space_quota:
      return "space-quota";
    case ErrorKind::permission:
      return "permission";
    case ErrorKind::source_changed:
      return "source-changed";
    case ErrorKind::integrity:
      return "integrity";
    case ErrorKind::durability:
      return "durability";
    case ErrorKind::stale_lease:
      return "stale-lease";
    case ErrorKind::not_found:
      return "not-found";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::bug:
      return "bug";
  }
  return "bug";
}

namespace {

ErrorKind kind_of(int code) {
  switch (code) {
    case ENOSPC:
      return ErrorKind::space_bytes;
    case EDQUOT:
      return ErrorKind::space_quota;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorKind::permission;
    case ESTALE:
    case ENOTCONN:
    case ENODEV:
    case EIO:
      return ErrorKind::mount_sick;
    case ENOENT:
    case ENOTDIR:
      return ErrorKind::not_found;
    case EINVAL:
    case ELOOP:
    case EXDEV:
    case ENAMETOOLONG:
    case EISDIR:
    case EFBIG:
      return ErrorKind::invalid;
    case EBADF:
    case EFAULT:
      return ErrorKind::bug;
    default:
      return ErrorKind::transient;
  }
}

}  // namespace

Error system_error(int code, std::string_view doing) {
  std::string message{doing};
  message += ": ";
  message += std::strerror(code);  // NOLINT: glibc's strerror is thread safe
  return {kind_of(code), std::move(message), code};
}

}  // namespace microstage
