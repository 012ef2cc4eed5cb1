#pragma once
// Reads from one web server: redirects, credentials, retries, and errors that say what to do. No URL that is
// shown or logged has a user, a password or a query in it.
//
// Threads: any; requests of several threads run side by side.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "lib/core/result.h"
#include "lib/store/http/credentials.h"
#include "lib/store/http/head.h"
#include "lib/store/http/retry.h"
#include "lib/store/http/transport.h"

namespace microstage::store::http {

struct Response {
  ResponseHead head;
  std::unique_ptr<Exchange> body;
  bool elsewhere = false;  // redirected to another host, whose 404 says nothing about the store
};

// What the client needs of the world beside the transport.
struct Surroundings {
  std::function<Clock::time_point()> now;
  std::function<double()> jitter;  // from 0 to 1
  // False when `stop` was requested meanwhile.
  std::function<bool(milliseconds, const std::stop_token&)> wait;

  [[nodiscard]] static Surroundings real();
};

class Client {
 public:
  // `credentials` may be null: then a server that asks for them is an error.
  Client(std::shared_ptr<Transport> transport, std::shared_ptr<CredentialHelper> credentials,
         std::optional<Credentials> given = {}, RetryPolicy policy = {},
         Surroundings surroundings = Surroundings::real());

  // The final response: any status but a redirect and those that may pass, which are retried first. Errors:
  // mount_sick (out of reach, or unwell, after all retries), permission (401, 403, 407), invalid (an
  // untrusted certificate), unsupported (a redirect that must not be followed), cancelled.
  [[nodiscard]] Result<Response> send(const Request& request, const std::stop_token& stop);

  // The whole of a small file; not_found after 404 and 410 of the server itself.
  [[nodiscard]] Result<std::string> read_small(const std::string& url, std::size_t most,
                                               const std::stop_token& stop);

  // For readers that go on after a cut: the same rules for when to try again.
  [[nodiscard]] std::optional<milliseconds> delay(int failures) const;
  [[nodiscard]] bool wait(milliseconds delay, const std::stop_token& stop) const {
    return surroundings_.wait(delay, stop);
  }

 private:
  [[nodiscard]] Result<Response> send_once(Request request, const std::stop_token& stop);
  [[nodiscard]] Result<Response> follow(Request request, const std::stop_token& stop);
  [[nodiscard]] std::optional<milliseconds> delay_before_retry(const Result<Response>& result, int failures);
  [[nodiscard]] Result<Response> judged(const Request& request, Result<Response> result, int attempts);

  std::shared_ptr<Transport> transport_;
  RetryPolicy policy_;
  Surroundings surroundings_;
  CredentialKeeper credentials_;
  std::mutex mutex_;  // guards outage_
  Outage outage_;
};

// A response with a status that its caller did not ask for.
[[nodiscard]] Error unexpected_status(const std::string& url, int status, int attempts = 1);

}  // namespace microstage::store::http
