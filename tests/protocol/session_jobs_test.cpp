// The session's state machine with several jobs: who is answered, and the progress of each.

#include "tests/support/session_fixture.h"

using namespace microstage::remote;
using namespace microstage::testing;
using namespace std::chrono_literals;

TEST_CASE("each job has a name of its own") {
  Session session = async_session();
  CHECK(receive(session, "J 1 EXPORT a").empty());
  CHECK(receive(session, "J 2 EXPORT b").empty());
  CHECK(session.receive("J 2 REMOVEEXPORT K", kStart).at(0).request.export_name == "b");
  CHECK(receive(session, "J 3 REMOVE L") == "start 3 L");
  CHECK(session.receive("J 1 RENAMEEXPORT K n", kStart).at(0).request.export_name == "a");
}

TEST_CASE(
    "with version 1 of the protocol nothing is exported, unless git-annex shows that it is new enough") {
  const bool is_new = GENERATE(false, true);
  Session session(1);
  shown(session.start());
  shown(session.receive(is_new ? "EXTENSIONS UNAVAILABLERESPONSE" : "EXTENSIONS INFO", kStart));
  CHECK(receive(session, "EXPORTSUPPORTED") == (is_new ? "start 0 " : "> EXPORTSUPPORTED-FAILURE"));
  if (is_new) return;
  CHECK(receive(session, "EXPORT a").empty());
  CHECK_THAT(receive(session, "TRANSFEREXPORT STORE K f"),
             Catch::Matchers::StartsWith("> TRANSFER-FAILURE STORE K "));
  CHECK(receive(session, "EXPORT a").empty());
  CHECK(receive(session, "RENAMEEXPORT K b") == "> RENAMEEXPORT-FAILURE K");
  CHECK(receive(session, "REMOVEEXPORTDIRECTORY d") == "> REMOVEEXPORTDIRECTORY-FAILURE");
  CHECK_FALSE(session.ended());
}

TEST_CASE("jobs are independent of each other") {
  Session session = async_session();
  CHECK(receive(session, "J 1 REMOVE A") == "start 1 A");
  CHECK(receive(session, "J 2 REMOVE B") == "start 2 B");
  CHECK(shown(session.query(2, "GETUUID")) == "> J 2 GETUUID");
  CHECK(receive(session, "J 3 CHECKPRESENT C") == "start 3 C");
  CHECK(shown(session.finish(1, {"REMOVE-SUCCESS A"})) == "> J 1 REMOVE-SUCCESS A");
  CHECK(receive(session, "J 2 VALUE u") == "answer 2 u");
  CHECK(receive(session, "J 1 REMOVE D") == "start 1 D");
  CHECK(shown(session.finish(2, {"a", "b"})) == "> J 2 a; > J 2 b");
}

TEST_CASE("a line without a job number ends an ASYNC session") {
  const std::string line = GENERATE("REMOVE K", "LISTCONFIGS", "EXPORTSUPPORTED", "GETORDERED", "",
                                    "J 0 REMOVE K", "J x REMOVE K", "VALUE x", "EXPORT n");
  CAPTURE(line);
  Session session = async_session();
  shown(session.receive("J 1 REMOVE A", kStart));
  shown(session.query(1, "GETUUID"));
  const Actions actions = session.receive(line, kStart);
  REQUIRE(actions.size() == 2);
  // Never with a job number: it concerns them all.
  CHECK_THAT(actions[0].text, Catch::Matchers::StartsWith("ERROR "));
  CHECK(session.ended());
}

TEST_CASE("an ERROR without a job number answers the one job that asked") {
  Session session = async_session();
  CHECK(receive(session, "J 1 PREPARE") == "start 1 ");
  CHECK(receive(session, "J 2 REMOVE A") == "start 2 A");
  shown(session.query(1, "GETGITREMOTENAME"));
  CHECK(receive(session, "ERROR git remote name not known") == "refuse 1 git remote name not known");
  CHECK_FALSE(session.ended());
  CHECK(shown(session.query(1, "GETUUID")) == "> J 1 GETUUID");
  CHECK(receive(session, "J 1 VALUE u") == "answer 1 u");
}

TEST_CASE("an ERROR without a job number ends the session when it could mean several jobs or none") {
  Session session = async_session();
  shown(session.receive("J 1 REMOVE A", kStart));
  shown(session.receive("J 2 REMOVE B", kStart));
  if (GENERATE(false, true)) {
    shown(session.query(1, "GETUUID"));
    shown(session.query(2, "GETUUID"));
  }
  CHECK(receive(session, "ERROR broken") == "end git-annex reported: broken");
}

TEST_CASE("an ERROR for one job leaves the others alone") {
  Session session = async_session();
  shown(session.receive("J 1 REMOVE A", kStart));
  shown(session.receive("J 2 REMOVE B", kStart));
  shown(session.query(1, "GETUUID"));
  shown(session.query(2, "GETUUID"));
  CHECK(receive(session, "J 2 ERROR no") == "refuse 2 no");
  CHECK(receive(session, "J 1 VALUE u") == "answer 1 u");
}

TEST_CASE("job numbers mean nothing where ASYNC was not agreed on") {
  Session session = plain_session();
  CHECK(receive(session, "J 1 PREPARE") == "> UNSUPPORTED-REQUEST");
}

TEST_CASE("events of jobs that nobody knows are ignored") {
  Session session = async_session();
  CHECK(shown(session.query(4, "GETUUID")).empty());
  CHECK(shown(session.tell(4, "DEBUG x")).empty());
  CHECK(shown(session.inform(4, "x")).empty());
  CHECK(shown(session.progress(4, 5, kStart + 1s)).empty());
  CHECK(shown(session.finish(4, {"x"})).empty());
}

TEST_CASE("what a job says is one line") {
  Session session = async_session();
  shown(session.receive("J 1 REMOVE A", kStart));
  CHECK(shown(session.inform(1, "a\nb\r\nc")) == "> J 1 INFO a b c");
  CHECK(shown(session.tell(1, "DEBUG a\nTRANSFER-SUCCESS STORE K")) ==
        "> J 1 DEBUG a TRANSFER-SUCCESS STORE K");
  CHECK(shown(session.query(1, "GETCONFIG a\nb")) == "> J 1 GETCONFIG a b");
}

TEST_CASE("progress comes at most twice a second, never backwards, never after the reply") {
  Session session = async_session();
  shown(session.receive("J 1 TRANSFER STORE K f", kStart));
  std::vector<std::pair<Time, std::uint64_t>> sent;
  for (int step = 0; step < 3000; ++step) {
    const Time now = kStart + step * 1ms;
    // Forwards, with a step back now and then.
    const std::uint64_t bytes = static_cast<std::uint64_t>(step % 7 == 0 ? step / 2 : step) * 1000;
    const Actions actions = session.progress(1, bytes, now);
    if (actions.empty()) continue;
    REQUIRE(actions.size() == 1);
    CHECK(actions[0].text == "J 1 PROGRESS " + std::to_string(bytes));
    sent.emplace_back(now, bytes);
  }
  CHECK(sent.size() >= 4);
  for (std::size_t i = 1; i < sent.size(); ++i) {
    CHECK(sent[i].first - sent[i - 1].first >= 500ms);
    CHECK(sent[i].second > sent[i - 1].second);
  }
  shown(session.finish(1, {"TRANSFER-SUCCESS STORE K"}));
  CHECK(session.progress(1, 9'000'000, kStart + 10s).empty());
}

TEST_CASE("each job has a progress of its own, and each request begins anew") {
  Session session = async_session();
  shown(session.receive("J 1 TRANSFER STORE A f", kStart));
  shown(session.receive("J 2 TRANSFER STORE B f", kStart));
  CHECK(shown(session.progress(1, 900, kStart + 1s)) == "> J 1 PROGRESS 900");
  CHECK(shown(session.progress(2, 100, kStart + 1s)) == "> J 2 PROGRESS 100");
  shown(session.finish(1, {"TRANSFER-SUCCESS STORE A"}));
  shown(session.receive("J 1 TRANSFER STORE C f", kStart + 1s));
  CHECK(shown(session.progress(1, 5, kStart + 1s)).empty());
  CHECK(shown(session.progress(1, 50, kStart + 2s)) == "> J 1 PROGRESS 50");
}
