#pragma once
// Sessions of the protocol's state machine, and what it does in short.

#include <string>

#include "remote/session.h"
#include "tests/support/catch.h"

namespace microstage::testing {

using namespace microstage::remote;  // NOLINT: tests of it only

inline const Time kStart{};
inline const std::string kOffer = "EXTENSIONS INFO GETGITREMOTENAME ASYNC";

// Actions in short: "> line" for what is sent, "start JOB KEY", "answer JOB text", "refuse JOB text", "end
// text".
inline std::string shown(const Actions& actions) {
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

inline std::string receive(Session& session, const std::string& line) {
  return shown(session.receive(line, kStart));
}

inline Session plain_session() {
  Session session(2);
  shown(session.start());
  CHECK(receive(session, "EXTENSIONS INFO") == "> EXTENSIONS INFO");
  return session;
}

inline Session async_session() {
  Session session(2);
  shown(session.start());
  CHECK(receive(session, kOffer) == "> EXTENSIONS INFO GETGITREMOTENAME ASYNC");
  return session;
}

}  // namespace microstage::testing
