#pragma once
// One HTTP exchange at a time, as the client needs it of a library that speaks HTTP and TLS: the seam that
// tests replace. Redirects, credentials, retries and the meaning of a status are the client's.
//
// Threads: start() from any; an exchange belongs to one thread at a time.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "lib/core/result.h"

namespace microstage::store::http {

struct TransportOptions {
  std::string ca_file;  // instead of the system's certificate authorities, when not empty
  std::string ca_path;
  std::chrono::milliseconds connect_limit{20'000};
  std::chrono::milliseconds stall_limit{60'000};  // without a single byte
};

struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;  // inclusive; none: to the end
};

enum class Method { get, head };

struct Request {
  Method method = Method::get;
  std::string url;  // without user and password
  std::optional<ByteRange> range;
  std::string if_range;  // the range only while this validator holds
  std::string user;      // empty: none
  std::string password;
  bool own_host = true;  // else nothing of ~/.netrc is sent there, whatever its default entry says
};

// A response whose head has arrived. Destroying it early gives up the connection.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;

  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] virtual const std::vector<std::string>& header_lines()
      const = 0;                                                      // "Name: value", no line end
  [[nodiscard]] virtual const std::string& redirect_url() const = 0;  // absolute; empty: none

  // Fills the buffer; fewer bytes only at the end. Errors: transient (cut, silent for too long), cancelled.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<std::byte> buffer,
                                                 const std::stop_token& stop) = 0;
};

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Returns when the head of the response is there, whatever its status; follows no redirect. Errors:
  // transient (refused, reset, silent, no such host), invalid (the certificate is not trusted), unsupported
  // (no HTTP, a head beyond all measure), cancelled.
  [[nodiscard]] virtual Result<std::unique_ptr<Exchange>> start(const Request& request,
                                                                const std::stop_token& stop) = 0;
};

}  // namespace microstage::store::http
