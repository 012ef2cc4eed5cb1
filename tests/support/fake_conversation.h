#pragma once
// git-annex's side of a request, for tests of what the remote means by its answers: canned replies to its
// queries, a record of what it said.
//
// Threads: one handler at a time, as a real conversation.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "remote/conversation.h"

namespace microstage::testing {

class FakeConversation final : public remote::Conversation {
 public:
  // Query line to answer; a query that is not there is refused, as git-annex may refuse any.
  std::map<std::string, std::string> answers;
  std::set<remote::Extension> extensions{remote::Extension::info, remote::Extension::async,
                                         remote::Extension::get_git_remote_name};
  std::stop_source stop;
  std::function<void()> on_progress;  // called once, in the middle of a transfer

  std::vector<std::string> asked;
  std::map<std::string, std::string> configs;
  std::vector<std::string> informed;
  std::vector<std::string> debugged;
  std::vector<std::uint64_t> progressed;

  Result<std::string> ask(const std::string& query) override {
    asked.push_back(query);
    const auto answer = answers.find(query);
    if (answer == answers.end()) return fail(ErrorKind::unsupported, "git-annex answered: no");
    return answer->second;
  }
  void set_config(const std::string& name, const std::string& value) override { configs[name] = value; }
  void inform(const std::string& text) override { informed.push_back(text); }
  void debug(const std::string& text) override { debugged.push_back(text); }
  void progress(std::uint64_t bytes) override {
    progressed.push_back(bytes);
    if (on_progress) std::exchange(on_progress, nullptr)();
  }
  bool has(remote::Extension extension) const override { return extensions.contains(extension); }
  std::stop_token stop_token() const override { return stop.get_token(); }
};

}  // namespace microstage::testing
