// The session's state machine: the handshake, what each state makes of each event, several jobs, progress.

#include "remote/session.h"

#include <string>

#include "tests/support/catch.h"

using namespace microstage::remote;
using namespace std::chrono_literals;

namespace {

const Time kStart{};
const std::string kOffer = "EXTENSIONS INFO GETGITREMOTENAME ASYNC";

// Actions in short: "> line" for what is sent, "start JOB KEY", "answer JOB text", "refuse JOB text", "end
// text".
std::string shown(const Actions& actions) {
  std::string text;
  for (const Action& action : actions) {
    if (!text.empty()) text += "; ";
    const std::string job = std::to_string(action.job);
    switch (action.kind) {
      case Action::Kind::send:
        text += "> " + action.text;
        break;
      case Action::Kind::start:
        text += "start " + job + " " + action.request.key;
        break;
      case Action::Kind::answer:
        text += "answer " + job + " " + action.text;
        break;
      case Action::Kind::refuse:
        text += "refuse " + job + " " + action.text;
        break;
      case Action::Kind::end:
        text += "end " + action.text;
        break;
    }
  }
  return text;
}

std::string receive(Session& session, const std::string& line) {
  return shown(session.receive(line, kStart));
}

Session plain_session() {
  Session session(2);
  shown(session.start());
  CHECK(receive(session, "EXTENSIONS INFO") == "> EXTENSIONS INFO");
  return session;
}

Session async_session() {
  Session session(2);
  shown(session.start());
  CHECK(receive(session, kOffer) == "> EXTENSIONS INFO GETGITREMOTENAME ASYNC");
  return session;
}

}  // namespace

TEST_CASE("the version is the first line") {
  CHECK(shown(Session(2).start()) == "> VERSION 2");
  CHECK(shown(Session(1).start()) == "> VERSION 1");
}

TEST_CASE("extensions are the intersection of what is offered and what we know") {
  struct Row {
    std::string offer;
    std::string reply;
  };
  const auto row =
      GENERATE(Row{"EXTENSIONS INFO GETGITREMOTENAME ASYNC", "EXTENSIONS INFO GETGITREMOTENAME ASYNC"},
               Row{"EXTENSIONS ASYNC INFO UNAVAILABLERESPONSE GETORDERED TRANSFER-RETRIEVE-URL DELEGATE",
                   "EXTENSIONS ASYNC INFO UNAVAILABLERESPONSE"},
               Row{"EXTENSIONS", "EXTENSIONS"}, Row{"EXTENSIONS ", "EXTENSIONS"},
               Row{"EXTENSIONS FUTURE info", "EXTENSIONS"}, Row{"EXTENSIONS INFO INFO", "EXTENSIONS INFO"},
               Row{"EXTENSIONS  INFO ", "EXTENSIONS INFO"});
  CAPTURE(row.offer);
  Session session(2);
  shown(session.start());
  CHECK(receive(session, row.offer) == "> " + row.reply);
  CHECK(session.has(Extension::info) == (row.reply.find("INFO") != std::string::npos));
  CHECK(session.has(Extension::async) == (row.reply.find("ASYNC") != std::string::npos));
  CHECK(session.has(Extension::unavailable_response) == (row.reply.find("UNAVAIL") != std::string::npos));
  CHECK(session.has(Extension::get_git_remote_name) == (row.reply.find("GETGIT") != std::string::npos));
}

TEST_CASE("an old git-annex offers nothing and is served all the same") {
  Session session(1);
  shown(session.start());
  CHECK(receive(session, "PREPARE") == "start 0 ");
  CHECK(shown(session.inform(0, "hello")) == "> DEBUG hello");
  CHECK(shown(session.finish(0, {"PREPARE-SUCCESS"})) == "> PREPARE-SUCCESS");
  CHECK_THAT(receive(session, "EXTENSIONS INFO"), Catch::Matchers::StartsWith("> ERROR"));
  CHECK(session.ended());
}

TEST_CASE("a version that git-annex does not want ends the session") {
  Session session(2);
  shown(session.start());
  CHECK(receive(session, "ERROR unsupported VERSION") == "end git-annex reported: unsupported VERSION");
  CHECK(session.ended());
  CHECK(receive(session, "EXTENSIONS INFO").empty());
}

// ---- every state, every event
// --------------------------------------------------------------------------------

namespace {

enum class State { idle, running, asking, ended };

// `prefix` is "" or "J 1 ": the same table holds for both modes.
Session in_state(State state, bool async) {
  Session session = async ? async_session() : plain_session();
  const JobId job = async ? 1 : 0;
  const std::string prefix = async ? "J 1 " : "";
  if (state == State::idle) return session;
  shown(session.receive(prefix + "REMOVE K", kStart));
  if (state == State::asking) shown(session.query(job, "GETUUID"));
  if (state == State::ended) shown(session.receive("ERROR enough", kStart));
  return session;
}

struct Cell {
  std::string event;
  std::string idle;
  std::string running;
  std::string asking;
};

// $ stands for the job's prefix, # for its number; "bad" for a protocol error of git-annex's, which ends the
// session.
const std::vector<Cell> kTable{
    {"$REMOVE K", "start # K", "bad", "bad"},
    {"$TRANSFER STORE K f", "start # K", "bad", "bad"},
    {"$PREPARE", "start # ", "bad", "bad"},
    {"$LISTCONFIGS", "configs", "bad", "bad"},
    {"$EXPORTSUPPORTED", "start # ", "bad", "bad"},
    {"$REMOVEEXPORTDIRECTORY d", "start # ", "bad", "bad"},
    {"$REMOVEEXPORT K", "bad", "bad", "bad"},
    {"$RENAMEEXPORT K n", "bad", "bad", "bad"},
    {"$CHECKPRESENTEXPORT K", "bad", "bad", "bad"},
    {"$TRANSFEREXPORT STORE K f", "bad", "bad", "bad"},
    {"$EXPORT", "bad", "bad", "bad"},
    {"$EXPORT name", "", "bad", "bad"},
    {"$GETORDERED", "> $UNSUPPORTED-REQUEST", "bad", "bad"},
    {"$", "> $UNSUPPORTED-REQUEST", "bad", "bad"},
    {"$TRANSFER STORE", "bad", "bad", "bad"},
    {"$VALUE x", "bad", "bad", "answer # x"},
    {"$VALUE", "bad", "bad", "answer # "},
    {"$CREDS u p", "bad", "bad", "answer # u p"},
    {"$ERROR no", "end git-annex reported: no", "end git-annex reported: no", "refuse # no"},
    {"ERROR no", "end git-annex reported: no", "end git-annex reported: no", "refuse # no"},
    {"$EXTENSIONS INFO", "bad", "bad", "bad"},
    {"query", "", "> $GETUUID", "> $GETUUID"},
    {"tell", "", "> $DEBUG hi", "> $DEBUG hi"},
    {"inform", "", "> $INFO hi", "> $INFO hi"},
    {"progress", "", "> $PROGRESS 7", "> $PROGRESS 7"},
    {"finish", "", "> $DONE", "> $DONE"},
};

std::string filled_in(std::string text, bool async) {
  for (const auto& [mark, value] :
       {std::pair<char, std::string>{'$', async ? "J 1 " : ""}, {'#', async ? "1" : "0"}}) {
    for (std::size_t at = 0; (at = text.find(mark)) != std::string::npos;)
      text.replace(at, 1, value);
  }
  return text;
}

Actions happen(Session& session, const std::string& event, bool async) {
  const JobId job = async ? 1 : 0;
  if (event == "query") return session.query(job, "GETUUID");
  if (event == "tell") return session.tell(job, "DEBUG hi");
  if (event == "inform") return session.inform(job, "hi");
  if (event == "progress") return session.progress(job, 7, kStart + 1s);
  if (event == "finish") return session.finish(job, {"DONE"});
  return session.receive(filled_in(event, async), kStart);
}

void check_cell(const std::string& event, State state, const std::string& expected, bool async) {
  CAPTURE(event, static_cast<int>(state), async);
  Session session = in_state(state, async);
  const Actions actions = happen(session, event, async);
  const std::string text = shown(actions);
  if (expected == "bad") {
    REQUIRE(actions.size() == 2);
    CHECK_THAT(actions[0].text, Catch::Matchers::StartsWith("ERROR "));
    CHECK(actions[1].kind == Action::Kind::end);
    CHECK(session.ended());
  } else if (expected == "configs") {
    CHECK(actions.size() >= 2);
    CHECK(actions.back().text == filled_in("$CONFIGEND", async));
  } else {
    CHECK(text == filled_in(expected, async));
    CHECK(session.ended() == (expected.rfind("end", 0) == 0));
  }
}

}  // namespace

TEST_CASE("every state makes of every event what the table says") {
  for (const bool async : {false, true}) {
    for (const Cell& cell : kTable) {
      check_cell(cell.event, State::idle, cell.idle, async);
      check_cell(cell.event, State::running, cell.running, async);
      check_cell(cell.event, State::asking, cell.asking, async);
      CAPTURE(cell.event, async);
      Session ended = in_state(State::ended, async);
      CHECK(shown(happen(ended, cell.event, async)).empty());
      CHECK(ended.ended());
    }
  }
}

// ---- exports

TEST_CASE("EXPORT and the request after it are a pair") {
  for (const bool async : {false, true}) {
    const std::string prefix = async ? "J 1 " : "";
    for (const std::string request : {"TRANSFEREXPORT STORE K f", "TRANSFEREXPORT RETRIEVE K f",
                                      "CHECKPRESENTEXPORT K", "REMOVEEXPORT K", "RENAMEEXPORT K n"}) {
      CAPTURE(request, async);
      Session session = async ? async_session() : plain_session();
      const JobId job = async ? 1 : 0;
      CHECK(receive(session, prefix + "EXPORT a  b\xff ").empty());
      const Actions started = session.receive(prefix + request, kStart);
      REQUIRE(started.size() == 1);
      CHECK(started[0].kind == Action::Kind::start);
      CHECK(started[0].request.export_name == "a  b\xff ");
      shown(session.finish(job, {"DONE"}));
      // The name is good for one request.
      CHECK_THAT(receive(session, prefix + request), Catch::Matchers::StartsWith("> ERROR "));
      CHECK(session.ended());
    }
  }
}

TEST_CASE("what is left of a name with a line end in it ends the session") {
  const std::string line =
      GENERATE("EXPORT b", "rest of a name", "", "PREPARE", "LISTCONFIGS", "REMOVE K", "TRANSFER STORE K f",
               "REMOVEEXPORTDIRECTORY d", "EXPORTSUPPORTED", "GETCOST", "VALUE x", "TRANSFEREXPORT STORE K");
  for (const bool async : {false, true}) {
    CAPTURE(line, async);
    const std::string prefix = async ? "J 1 " : "";
    Session session = async ? async_session() : plain_session();
    CHECK(receive(session, prefix + "EXPORT a").empty());
    CHECK_THAT(receive(session, prefix + line), Catch::Matchers::StartsWith("> ERROR "));
    CHECK(session.ended());
  }
}

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

// ---- several jobs
// --------------------------------------------------------------------------------------------

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

// ---- progress
// ------------------------------------------------------------------------------------------------

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
