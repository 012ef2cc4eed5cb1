// Jobs side by side: a session, its threads and its writer, with a pipe where git-annex would be.

#include "remote/dispatcher.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/support/catch.h"

using namespace microstage;
using namespace microstage::remote;
using namespace std::chrono_literals;

namespace {

constexpr auto kWatchdog = 20s;  // nothing here takes long; only a hang reaches this

// A dispatcher whose output is read from a pipe.
class Rig {
 public:
  explicit Rig(Dispatcher::Serve serve) {
    REQUIRE(::pipe2(pipe_.data(), O_CLOEXEC) == 0);
    writer = std::make_unique<LineWriter>(pipe_[1], [this] { broken = true; });
    dispatcher = std::make_unique<Dispatcher>(2, *writer, std::move(serve));
    dispatcher->start();
    dispatcher->receive("EXTENSIONS INFO ASYNC");
    CHECK(line() == "VERSION 2");
    CHECK(line() == "EXTENSIONS INFO ASYNC");
  }
  ~Rig() {
    dispatcher.reset();
    writer.reset();
    ::close(pipe_[1]);
    stop_reading();
  }

  // The next line; "" when none comes.
  std::string line() {
    const auto deadline = std::chrono::steady_clock::now() + kWatchdog;
    for (;;) {
      if (const auto end = pending_.find('\n'); end != std::string::npos) {
        std::string found = pending_.substr(0, end);
        pending_.erase(0, end + 1);
        return found;
      }
      pollfd polled{pipe_[0], POLLIN, 0};
      if (::poll(&polled, 1, 100) <= 0) {
        if (std::chrono::steady_clock::now() > deadline) return "";
        continue;
      }
      std::array<char, 4096> buffer{};
      const ssize_t count = ::read(pipe_[0], buffer.data(), buffer.size());
      if (count <= 0) return "";
      pending_.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
  std::vector<std::string> lines(std::size_t count) {
    std::vector<std::string> found;
    while (found.size() < count)
      found.push_back(line());
    std::sort(found.begin(), found.end());
    return found;
  }
  bool silent() {
    pollfd polled{pipe_[0], POLLIN, 0};
    return pending_.empty() && ::poll(&polled, 1, 50) == 0;
  }
  void stop_reading() {
    if (pipe_[0] >= 0) ::close(std::exchange(pipe_[0], -1));
  }

  std::atomic<bool> broken = false;
  std::unique_ptr<LineWriter> writer;
  std::unique_ptr<Dispatcher> dispatcher;

 private:
  std::array<int, 2> pipe_{-1, -1};
  std::string pending_;
};

bool eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kWatchdog;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace

TEST_CASE("jobs run side by side, each with its own queries") {
  std::atomic<int> here = 0;
  Rig rig([&](const Request& request, Conversation& conversation) -> std::vector<std::string> {
    ++here;
    if (!eventually([&] { return here == 4; })) return {"alone"};
    const auto answer = conversation.ask("GETSTATE " + request.key);
    return {"REMOVE-SUCCESS " + request.key + " " + answer.value_or("none")};
  });
  for (const std::string job : {"1", "2", "3", "4"})
    rig.dispatcher->receive("J " + job + " REMOVE K" + job);
  CHECK(rig.lines(4) ==
        std::vector<std::string>{"J 1 GETSTATE K1", "J 2 GETSTATE K2", "J 3 GETSTATE K3", "J 4 GETSTATE K4"});
  for (const std::string job : {"3", "1", "4", "2"})
    rig.dispatcher->receive("J " + job + " VALUE v" + job);
  CHECK(rig.lines(4) == std::vector<std::string>{"J 1 REMOVE-SUCCESS K1 v1", "J 2 REMOVE-SUCCESS K2 v2",
                                                 "J 3 REMOVE-SUCCESS K3 v3", "J 4 REMOVE-SUCCESS K4 v4"});
}

TEST_CASE("more jobs than threads wait their turn and all get an answer") {
  Rig rig([&](const Request& request, Conversation&) -> std::vector<std::string> {
    return {"REMOVE-SUCCESS " + request.key};
  });
  constexpr int kJobs = 200;
  std::vector<std::string> expected;
  for (int job = 1; job <= kJobs; ++job) {
    const std::string number = std::to_string(job);
    rig.dispatcher->receive("J " + number + " REMOVE K" + number);
    expected.push_back("J " + number + " REMOVE-SUCCESS K" + number);
  }
  std::sort(expected.begin(), expected.end());
  CHECK(rig.lines(kJobs) == expected);
  CHECK(eventually([&] { return rig.dispatcher->idle(); }));
}

TEST_CASE("a job that throws fails alone") {
  std::atomic<bool> go = false;
  Rig rig([&](const Request& request, Conversation&) -> std::vector<std::string> {
    if (request.key == "BAD") throw std::runtime_error("out\nof luck");
    eventually([&] { return go.load(); });
    return {"REMOVE-SUCCESS " + request.key};
  });
  rig.dispatcher->receive("J 1 REMOVE GOOD");
  rig.dispatcher->receive("J 2 REMOVE BAD");
  CHECK(rig.line() == "J 2 REMOVE-FAILURE BAD internal error: out of luck");
  rig.dispatcher->receive("J 2 REMOVE NEXT");
  go = true;
  CHECK(rig.lines(2) == std::vector<std::string>{"J 1 REMOVE-SUCCESS GOOD", "J 2 REMOVE-SUCCESS NEXT"});
  CHECK_FALSE(rig.dispatcher->ended());
}

TEST_CASE("the end cancels what runs and what waits for an answer, and nothing more is written") {
  std::atomic<int> here = 0;
  std::atomic<int> cancelled = 0;
  Rig rig([&](const Request& request, Conversation& conversation) -> std::vector<std::string> {
    ++here;
    if (request.key == "ASKS") {
      const auto answer = conversation.ask("GETUUID");
      if (!answer && answer.error().kind == ErrorKind::cancelled) ++cancelled;
    } else {
      if (eventually([&] { return conversation.stop_token().stop_requested(); })) ++cancelled;
    }
    conversation.inform("too late");
    conversation.progress(1);
    return {"REMOVE-SUCCESS " + request.key};
  });
  rig.dispatcher->receive("J 1 REMOVE ASKS");
  CHECK(rig.line() == "J 1 GETUUID");
  rig.dispatcher->receive("J 2 REMOVE WORKS");
  CHECK(eventually([&] { return here == 2; }));
  rig.dispatcher->end();
  CHECK(eventually([&] { return rig.dispatcher->idle(); }));
  CHECK(cancelled == 2);
  CHECK(rig.silent());
  CHECK(rig.dispatcher->ended());
}

TEST_CASE("a protocol error ends the session, says why, and stops the jobs") {
  std::atomic<bool> stopped = false;
  Rig rig([&](const Request&, Conversation& conversation) -> std::vector<std::string> {
    stopped = eventually([&] { return conversation.stop_token().stop_requested(); });
    return {"REMOVE-SUCCESS K"};
  });
  rig.dispatcher->receive("J 1 REMOVE K");
  rig.dispatcher->receive("J 1 REMOVE K");
  CHECK_THAT(rig.line(), Catch::Matchers::StartsWith("ERROR "));
  CHECK(rig.dispatcher->ended());
  CHECK_FALSE(rig.dispatcher->reason().empty());
  CHECK(eventually([&] { return rig.dispatcher->idle(); }));
  CHECK(stopped);
  rig.dispatcher->receive("J 2 REMOVE K");
  CHECK(rig.silent());
}

TEST_CASE("a query that git-annex refuses is an error of that query alone") {
  Rig rig([&](const Request&, Conversation& conversation) -> std::vector<std::string> {
    const auto first = conversation.ask("GETGITREMOTENAME");
    const auto second = conversation.ask("GETUUID");
    return {first ? "?" : "refused", second.value_or("?")};
  });
  rig.dispatcher->receive("J 1 PREPARE");
  CHECK(rig.line() == "J 1 GETGITREMOTENAME");
  rig.dispatcher->receive("ERROR git remote name not known");
  CHECK(rig.line() == "J 1 GETUUID");
  rig.dispatcher->receive("J 1 VALUE u");
  CHECK(rig.line() == "J 1 refused");
  CHECK(rig.line() == "J 1 u");
}

TEST_CASE("a reader that has gone away is noticed, one that is slow is waited for") {
  Rig rig([&](const Request& request, Conversation&) -> std::vector<std::string> {
    return std::vector<std::string>(5000, "INFOVALUE " + std::string(90, 'x') + request.key);
  });
  std::signal(SIGPIPE, SIG_IGN);
  rig.dispatcher->receive("J 1 REMOVE K");  // far more than a pipe holds
  CHECK(eventually([&] { return rig.dispatcher->idle(); }));
  CHECK_FALSE(rig.broken);
  CHECK(rig.lines(5000).front() == "J 1 INFOVALUE " + std::string(90, 'x') + "K");
  rig.stop_reading();
  rig.writer->send("hello");
  CHECK(eventually([&] { return rig.broken.load(); }));
}

TEST_CASE("closing does not wait for a reader that never reads") {
  Rig rig([&](const Request&, Conversation&) -> std::vector<std::string> {
    return std::vector<std::string>(5000, std::string(90, 'x'));
  });
  rig.dispatcher->receive("J 1 REMOVE K");
  CHECK(eventually([&] { return rig.dispatcher->idle(); }));
  rig.writer->close(10ms);  // returns, or ctest's own limit ends us
}
