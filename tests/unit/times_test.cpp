#include "daemon/cli/times.h"

#include <cstdlib>
#include <ctime>

#include "tests/support/catch.h"

using namespace microstage::cli;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'795'392'000 * kSecond;

struct TimeZone {
  explicit TimeZone(const char* name) {
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~TimeZone() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

}  // namespace

TEST_CASE("times are ago, or dates in the local zone, or in UTC") {
  const TimeZone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(parse_time("90s", kNow) == kNow - 90 * kSecond);
  CHECK(parse_time("5min", kNow) == kNow - 300 * kSecond);
  CHECK(parse_time("12h", kNow) == kNow - 43200 * kSecond);
  CHECK(parse_time("7d", kNow) == kNow - 604800 * kSecond);
  CHECK(parse_time("2w", kNow) == kNow - 1209600 * kSecond);
  CHECK(parse_time("2026-11-22", kNow) == 1'795'302'000 * kSecond);
  CHECK(parse_time("2026-11-22 18:30", kNow) == (1'795'302'000 + 66600) * kSecond);
  CHECK(parse_time("2026-11-22T18:30:05", kNow) == (1'795'302'000 + 66605) * kSecond);
  CHECK(parse_time("2026-11-22Z", kNow) == 1'795'305'600 * kSecond);
  CHECK(parse_time("2026-07-01", kNow) == *parse_time("2026-06-30T22:00Z", kNow));
}

TEST_CASE("what is no time is refused") {
  for (const char* text : {"",
                           "7",
                           "d",
                           "7x",
                           "-7d",
                           "7 d",
                           "99999999999999999999d",
                           "9999999999w",
                           "2026",
                           "2026-11",
                           "2026-13-01",
                           "2026-00-10",
                           "2026-02-30",
                           "2026-11-22 ",
                           "2026-11-22 1",
                           "2026-11-22 25:00",
                           "2026-11-22 10:60",
                           "2026-11-22T10:00:00.5",
                           "2026-11-22x",
                           "0000-01-01",
                           "9999-01-01",
                           "today",
                           "20261122"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text, kNow));
  }
}

TEST_CASE("people see local times, programs see UTC with every digit") {
  const TimeZone berlin("CET-1CEST,M3.5.0,M10.5.0/3");
  const std::int64_t time = 1'795'302'000 * kSecond + 7;
  CHECK(local_time(time) == "2026-11-22 00:00");
  CHECK(utc_time(time) == "2026-11-21T23:00:00.000000007Z");
}
