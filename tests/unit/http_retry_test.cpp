#include "lib/store/http/retry.h"

#include "lib/store/http/head.h"
#include "tests/support/catch.h"

using namespace microstage::store::http;
using namespace std::chrono_literals;

TEST_CASE("each wait is twice the one before, up to a limit, and then it is enough") {
  const RetryPolicy policy{.most_retries = 6};
  const std::vector<milliseconds> waits{250ms, 500ms, 1000ms, 2000ms, 4000ms, 4000ms};
  for (int failures = 1; failures <= 6; ++failures)
    CHECK(delay_after(policy, failures, std::nullopt, 0.0) == waits[static_cast<std::size_t>(failures - 1)]);
  CHECK(delay_after(policy, 7, std::nullopt, 0.0) == std::nullopt);
  CHECK(delay_after(policy, 0, std::nullopt, 0.0) == std::nullopt);
  CHECK(delay_after(policy, 3, std::nullopt, 1.0) == 500ms);
  CHECK(delay_after(policy, 3, std::nullopt, 7.0) == 500ms);
}

TEST_CASE("a server may ask for more time, within reason") {
  const RetryPolicy policy;
  CHECK(delay_after(policy, 1, 7000ms, 0.5) == 7000ms);
  CHECK(delay_after(policy, 1, 1ms, 0.0) == 250ms);
  CHECK(delay_after(policy, 1, 31s, 0.0) == std::nullopt);
  CHECK(parse_retry_after("120") == 120s);
  CHECK(parse_retry_after("99999999999") == 24h);
  CHECK(parse_retry_after("Fri, 31 Dec 2027 23:59:59 GMT") == std::nullopt);
  CHECK(parse_retry_after("") == std::nullopt);
  CHECK(parse_retry_after("-1") == std::nullopt);
}

TEST_CASE("an outage is believed for half a minute, or until something works") {
  Outage outage;
  const Clock::time_point start{};
  CHECK_FALSE(outage.lasts(start));
  outage.note_failure(start);
  CHECK(outage.lasts(start + 29s));
  CHECK_FALSE(outage.lasts(start + 30s));
  outage.note_success();
  CHECK_FALSE(outage.lasts(start));
}

TEST_CASE("the head of a response is read with distrust") {
  const ResponseHead head =
      parse_head(206, {"content-length:  10 ", "Content-Range: bytes 5-14/100", "ETag: \"abc\"",
                       "Last-Modified: Fri, 31 Dec 2027 23:59:59 GMT", "Content-Type: Text/HTML; charset=x",
                       "no colon here", "Retry-After: 5"});
  CHECK(head.length == 10U);
  REQUIRE(head.range);
  CHECK(head.range->first == 5U);
  CHECK(head.range->last == 14U);
  CHECK(head.range->total == 100U);
  CHECK(head.validator == "\"abc\"");
  CHECK(head.is_web_page());
  CHECK(head.retry_after == "5");
  CHECK_FALSE(head.encoded);

  CHECK(parse_head(200, {"ETag: W/\"weak\"", "Last-Modified: then"}).validator == "then");
  CHECK(parse_head(200, {"ETag: \"" + std::string(1000, 'x') + "\""}).validator.empty());
  CHECK(parse_head(200, {"ETag: \"a\rX: y\""}).validator.empty());
  CHECK(parse_head(200, {"Content-Length: -1"}).length == std::nullopt);
  CHECK(parse_head(200, {"Content-Length: 99999999999999999999"}).length == std::nullopt);
  CHECK(parse_head(200, {"Content-Encoding: gzip"}).encoded);
  CHECK_FALSE(parse_head(200, {"Content-Encoding: identity"}).encoded);
}

TEST_CASE("a Content-Range that makes no sense is none") {
  CHECK_FALSE(parse_content_range("bytes */100")->satisfied);
  CHECK(parse_content_range("bytes 0-0/*")->total == std::nullopt);
  for (const char* bad :
       {"", "bytes", "bytes 0-9", "bytes 9-0/10", "bytes 0-10/10", "bytes -5/10", "items 0-1/2",
        "bytes 0-9/ten", "bytes 0x1-2/3", "bytes 0-18446744073709551616/*"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_content_range(bad));
  }
}
