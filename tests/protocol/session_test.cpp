// The session's state machine: the handshake, and what each state makes of each event.

#include "tests/support/session_fixture.h"

using namespace microstage::remote;
using namespace microstage::testing;
using namespace std::chrono_literals;

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
