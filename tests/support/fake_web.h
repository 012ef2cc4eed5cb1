#pragma once
// A web server and the way to it, in memory: files under their URLs, and any answer or failure in place of
// the n-th exchange. Time and chance are counted, not waited for.
//
// Threads: one.

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lib/store/http/client.h"

namespace microstage::testing {

struct Reply {
  int status = 200;
  std::vector<std::string> headers;
  std::string body;
  std::string redirect;
  std::size_t cut_after = std::string::npos;  // bytes of the body, then a transient error
};

class FakeExchange final : public store::http::Exchange {
 public:
  explicit FakeExchange(Reply reply) : reply_(std::move(reply)) {}

  int status() const override { return reply_.status; }
  const std::vector<std::string>& header_lines() const override { return reply_.headers; }
  const std::string& redirect_url() const override { return reply_.redirect; }
  Result<std::size_t> read(std::span<std::byte> buffer, const std::stop_token& stop) override {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "cancelled");
    const std::size_t end = std::min(reply_.cut_after, reply_.body.size());
    const std::size_t count = std::min(buffer.size(), end - at_);
    std::copy_n(std::as_bytes(std::span(reply_.body)).begin() + static_cast<std::ptrdiff_t>(at_), count,
                buffer.begin());
    at_ += count;
    if (count == 0 && end < reply_.body.size()) return fail(ErrorKind::transient, "the line is cut");
    return count;
  }

 private:
  Reply reply_;
  std::size_t at_ = 0;
};

class FakeWeb final : public store::http::Transport {
 public:
  std::map<std::string, std::string> files;  // by URL
  // Answers in place of the files when it returns something.
  std::function<std::optional<Result<Reply>>(const store::http::Request&, int number)> odd;
  std::vector<store::http::Request> seen;
  std::vector<store::http::milliseconds> waits;
  store::http::Clock::time_point now{};
  bool stops = false;

  Result<std::unique_ptr<store::http::Exchange>> start(const store::http::Request& request,
                                                       const std::stop_token& stop) override {
    seen.push_back(request);
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "cancelled");
    Result<Reply> reply = plain(request);
    if (odd)
      if (auto other = odd(request, static_cast<int>(seen.size()))) reply = std::move(*other);
    if (!reply) return fail(reply.error());
    if (request.method == store::http::Method::head) reply->body.clear();
    return std::make_unique<FakeExchange>(std::move(*reply));
  }

  Reply plain(const store::http::Request& request) const {
    const auto file = files.find(request.url);
    if (file == files.end()) return {404, {"Content-Length: 9"}, "not found", {}};
    const std::string& body = file->second;
    const std::string etag = "ETag: " + etag_of(body);
    const bool same = request.if_range.empty() || request.if_range == etag_of(body);
    if (!request.range || !same) return {200, {length(body.size()), etag}, body, {}};
    const std::uint64_t first = request.range->first;
    if (first >= body.size()) return {416, {"Content-Range: bytes */" + std::to_string(body.size())}, {}, {}};
    const std::uint64_t last = std::min<std::uint64_t>(request.range->last.value_or(~0ULL), body.size() - 1);
    const std::string range = "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) +
                              "/" + std::to_string(body.size());
    return {206, {length(last - first + 1), etag, range}, body.substr(first, last - first + 1), {}};
  }

  store::http::Surroundings surroundings() {
    return {[this] { return now; }, [] { return 0.0; },
            [this](store::http::milliseconds delay, const std::stop_token&) {
              waits.push_back(delay);
              now += delay;
              return !stops;
            }};
  }

  static std::string length(std::size_t size) { return "Content-Length: " + std::to_string(size); }
  static std::string etag_of(const std::string& body) {
    return "\"" + std::to_string(std::hash<std::string>{}(body)) + "\"";
  }
};

}  // namespace microstage::testing
