#include "lib/transfer/rate_limit.h"

#include <thread>

#include "tests/support/catch.h"

using namespace microstage::transfer;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kRate = 1'000'000;
const TokenBucket::Time kStart{1h};

}  // namespace

TEST_CASE("a quarter of a second's bytes come at once, then the rate holds") {
  TokenBucket bucket(kRate, kStart);
  CHECK(bucket.take(kRate / 4, kStart) == 0s);
  const auto wait = bucket.take(kRate / 10, kStart);
  CHECK(wait >= 100ms);
  CHECK(wait < 101ms);
  CHECK(bucket.take(0, kStart + 100ms) <= 1us);
  CHECK(bucket.take(kRate * 3, kStart + 100ms) >= 3s);  // more than the bucket holds is owed
}

TEST_CASE("time without transfers earns no more than the burst") {
  TokenBucket bucket(kRate, kStart);
  CHECK(bucket.take(kRate / 4, kStart + 24h) == 0s);
  CHECK(bucket.take(kRate, kStart + 24h) >= 1s);
}

TEST_CASE("over a long time no more than the rate passes, whatever the pieces are") {
  const std::uint64_t piece = GENERATE(as<std::uint64_t>{}, 1'000, 65'536, 1'048'576);
  TokenBucket bucket(kRate, kStart);
  auto now = kStart;
  std::uint64_t passed = 0;
  while (now < kStart + 60s) {
    now += bucket.take(piece, now);
    passed += piece;
  }
  const double seconds = std::chrono::duration<double>(now - kStart).count();
  CHECK(static_cast<double>(passed) <= kRate * (seconds + 0.26));
  CHECK(static_cast<double>(passed) >= kRate * (seconds - 0.01));
}

TEST_CASE("who waits for a slow rate can be stopped") {
  RateLimiter limiter(1);
  std::stop_source stop;
  std::jthread waiting([&] { limiter.pass(1'000'000'000, stop.get_token()); });  // some thirty years
  stop.request_stop();
  waiting.join();
  SUCCEED("it returned");
}
