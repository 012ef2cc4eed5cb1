#include "lib/store/http/client.h"

#include <condition_variable>
#include <random>

#include "lib/core/text.h"
#include "lib/store/http/url.h"

namespace microstage::store::http {

namespace {

constexpr int kMostRedirects = 5;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The same server, perhaps by its encrypted door.
bool is_own(const std::string& home, const std::string& origin) {
  return origin == home || (home.starts_with("http://") && origin == "https" + home.substr(4));
}

bool wait_for(milliseconds delay, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, delay, [] { return false; });
  return !stop.stop_requested();
}

double random_share() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>{}(generator);
}

Error cancelled() {
  return {ErrorKind::cancelled, "the transfer was cancelled", 0};
}

std::string tries(int attempts) {
  return attempts > 1 ? " (tried " + std::to_string(attempts) + " times)" : std::string{};
}

}  // namespace

Surroundings Surroundings::real() {
  return {[] { return Clock::now(); }, random_share, wait_for};
}

Error unexpected_status(const std::string& url, int status, int attempts) {
  const std::string what = redacted(url) + ": the server ";
  const std::string code = " (" + std::to_string(status) + ")" + tries(attempts);
  switch (status) {
    case 401:
      return {ErrorKind::permission, what + "wants a user name and password" + code +
                                         " and accepted none of ~/.netrc and git's credential helpers"};
    case 403:
      return {ErrorKind::permission, what + "refuses access" + code};
    case 404:
    case 410:
      return {ErrorKind::not_found, what + "has no such file" + code};
    case 407:
      return {ErrorKind::permission, redacted(url) + ": the proxy wants a user name and password" + code};
    case 429:
      return {ErrorKind::mount_sick, what + "has too much to do" + code + "; run the command again later"};
    default:
      return {ErrorKind::mount_sick, what + (status >= 500 ? "is unwell" : "gave an answer of no use here") +
                                         code + "; run the command again later, or ask who runs it"};
  }
}

Client::Client(std::shared_ptr<Transport> transport, std::shared_ptr<CredentialHelper> credentials,
               std::optional<Credentials> given, RetryPolicy policy, Surroundings surroundings)
    : transport_(std::move(transport)),
      policy_(policy),
      surroundings_(std::move(surroundings)),
      credentials_(std::move(credentials), std::move(given)) {}

std::optional<milliseconds> Client::delay(int failures) const {
  return delay_after(policy_, failures, std::nullopt, surroundings_.jitter());
}

// Follows redirects; credentials go to the first host only.
Result<Response> Client::follow(Request request, const std::stop_token& stop) {
  const std::string home = origin_of(request.url);
  for (int redirects = 0;; ++redirects) {
    request.own_host = is_own(home, origin_of(request.url));
    Request hop = request;
    if (!hop.own_host) hop.user = hop.password = std::string{};
    auto exchange = transport_->start(hop, stop);
    if (!exchange) return failure_of(exchange);
    const int status = (*exchange)->status();
    if (!is_redirect(status) || (*exchange)->redirect_url().empty()) {
      ResponseHead head = parse_head(status, (*exchange)->header_lines());
      return Response{std::move(head), std::move(*exchange), !request.own_host};
    }
    auto target = redirect_target(request.url, (*exchange)->redirect_url());
    if (!target) return failure_of(target);
    if (redirects == kMostRedirects) {
      return fail(ErrorKind::unsupported,
                  redacted(request.url) + ": the server redirects in circles; ask who runs it");
    }
    request.url = std::move(*target);
  }
}

Result<Response> Client::send_once(Request request, const std::stop_token& stop) {
  const std::string origin = origin_of(request.url);
  std::optional<Credentials> used = credentials_.current();
  for (;;) {
    request.user = used ? used->user : std::string{};
    request.password = used ? used->password : std::string{};
    auto response = follow(request, stop);
    if (!response) return response;
    if (response->elsewhere) return response;
    if (response->head.status != 401) {
      credentials_.accepted(origin, used);
      return response;
    }
    auto next = credentials_.next(origin, used);
    if (!next) return response;
    used = std::move(next);
  }
}

std::optional<milliseconds> Client::delay_before_retry(const Result<Response>& result, int failures) {
  const bool worth_it = result ? may_pass(result->head.status) : result.error().kind == ErrorKind::transient;
  if (!worth_it) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (outage_.lasts(surroundings_.now())) return std::nullopt;
  const auto asked_for = result ? parse_retry_after(result->head.retry_after) : std::nullopt;
  return delay_after(policy_, failures, asked_for, surroundings_.jitter());
}

// The last attempt's result as the caller gets it.
Result<Response> Client::judged(const Request& request, Result<Response> result, int attempts) {
  const bool unwell = result ? may_pass(result->head.status) : result.error().kind == ErrorKind::transient;
  {
    const std::lock_guard lock(mutex_);
    if (unwell) {
      outage_.note_failure(surroundings_.now());
    } else {
      outage_.note_success();
    }
  }
  if (!result && unwell) {
    return fail(ErrorKind::mount_sick, result.error().message + tries(attempts) +
                                           "; is the server up, and can this machine reach it?");
  }
  if (!result) return result;
  const int status = result->head.status;
  if (!unwell && status != 401 && status != 403 && status != 407) return result;
  return fail(unexpected_status(request.url, status, attempts));
}

Result<Response> Client::send(const Request& request, const std::stop_token& stop) {
  for (int attempts = 1;; ++attempts) {
    if (stop.stop_requested()) return fail(cancelled());
    auto result = send_once(request, stop);
    const auto delay = delay_before_retry(result, attempts);
    if (!delay) return judged(request, std::move(result), attempts);
    result = fail(cancelled());  // gives the connection back before waiting
    if (!surroundings_.wait(*delay, stop)) return fail(cancelled());
  }
}

Result<std::string> Client::read_small(const std::string& url, std::size_t most,
                                       const std::stop_token& stop) {
  Request request;
  request.url = url;
  auto response = send(request, stop);
  if (!response) return failure_of(response);
  const int status = response->head.status;
  if (status != 200 || response->elsewhere) {
    Error error = unexpected_status(url, status);
    // Not the store's own word.
    if (response->elsewhere && error.kind == ErrorKind::not_found) error.kind = ErrorKind::mount_sick;
    if (status != 200) return fail(std::move(error));
  }
  std::string text(most + 1, '\0');
  const auto count = response->body->read(std::as_writable_bytes(std::span(text)), stop);
  if (!count) return fail(count.error());
  if (*count > most) {
    return fail(ErrorKind::unsupported, redacted(url) + " is longer than " + human_size(most) +
                                            ", which it never is; is this the right URL?");
  }
  text.resize(*count);
  return text;
}

}  // namespace microstage::store::http
