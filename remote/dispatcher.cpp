#include "remote/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <exception>

namespace microstage::remote {

namespace {

// More than this many copies at once do not make two tiers faster; jobs that only wait or look need a few
// threads more than there are cores.
std::size_t most_jobs() {
  return std::clamp<std::size_t>(std::size_t{2} * std::thread::hardware_concurrency(), 4, 32);
}

Time now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

class Dispatcher::Job final : public Conversation {
 public:
  Job(Dispatcher& dispatcher, JobId id) : dispatcher_(dispatcher), id_(id) {}

  Result<std::string> ask(const std::string& query) override {
    std::unique_lock lock(dispatcher_.mutex_);
    dispatcher_.apply(dispatcher_.session_.query(id_, query));
    dispatcher_.answered_.wait(lock,
                               [&] { return dispatcher_.ended_ || dispatcher_.answers_.contains(id_); });
    const auto answer = dispatcher_.answers_.find(id_);
    if (answer == dispatcher_.answers_.end())
      return fail(ErrorKind::cancelled, "git-annex ended the session");
    Result<std::string> text = std::move(answer->second);
    dispatcher_.answers_.erase(answer);
    return text;
  }

  void set_config(const std::string& name, const std::string& value) override {
    const std::lock_guard lock(dispatcher_.mutex_);
    dispatcher_.apply(dispatcher_.session_.tell(id_, "SETCONFIG " + name + " " + value));
  }
  void inform(const std::string& text) override {
    const std::lock_guard lock(dispatcher_.mutex_);
    dispatcher_.apply(dispatcher_.session_.inform(id_, text));
  }
  void debug(const std::string& text) override {
    const std::lock_guard lock(dispatcher_.mutex_);
    dispatcher_.apply(dispatcher_.session_.tell(id_, "DEBUG " + text));
  }
  void progress(std::uint64_t bytes) override {
    const std::lock_guard lock(dispatcher_.mutex_);
    dispatcher_.apply(dispatcher_.session_.progress(id_, bytes, now()));
  }
  bool has(Extension extension) const override {
    const std::lock_guard lock(dispatcher_.mutex_);
    return dispatcher_.session_.has(extension);
  }
  std::stop_token stop_token() const override { return dispatcher_.stop_.get_token(); }

 private:
  Dispatcher& dispatcher_;
  JobId id_;
};

Dispatcher::Dispatcher(int protocol_version, LineWriter& writer, Serve serve)
    : writer_(writer), serve_(std::move(serve)), session_(protocol_version), pool_(most_jobs()) {}

Dispatcher::~Dispatcher() {
  end();
}

void Dispatcher::start() {
  const std::lock_guard lock(mutex_);
  apply(session_.start());
}

void Dispatcher::receive(std::string_view line) {
  const std::lock_guard lock(mutex_);
  apply(session_.receive(line, now()));
}

void Dispatcher::end() {
  stop_.request_stop();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  answered_.notify_all();
}

bool Dispatcher::ended() {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::string Dispatcher::reason() {
  const std::lock_guard lock(mutex_);
  return reason_;
}

bool Dispatcher::idle() {
  const std::lock_guard lock(mutex_);
  return running_ == 0;
}

void Dispatcher::apply(const Actions& actions) {
  if (ended_) return;  // jobs may still be about to stop; git-annex no longer reads
  for (const Action& action : actions) {
    switch (action.kind) {
      case Action::Kind::send:
        writer_.send(action.text);
        break;
      case Action::Kind::start:
        start(action.job, action.request);
        break;
      case Action::Kind::answer:
        answers_.insert_or_assign(action.job, action.text);
        answered_.notify_all();
        break;
      case Action::Kind::refuse:
        answers_.insert_or_assign(action.job,
                                  fail(ErrorKind::unsupported, "git-annex answered: " + action.text));
        answered_.notify_all();
        break;
      case Action::Kind::end:
        ended_ = true;
        reason_ = action.text;
        stop_.request_stop();
        answered_.notify_all();
        break;
    }
  }
}

void Dispatcher::start(JobId job, const Request& request) {
  ++running_;
  if (pool_.post([this, job, request] { run(job, request); })) return;
  --running_;
  apply(
      session_.finish(job, {failure_reply(request, "this machine lets us start no thread (see ulimit -u)")}));
}

void Dispatcher::run(JobId id, const Request& request) {
  Job job(*this, id);
  std::vector<std::string> reply;
  try {
    reply = serve_(request, job);
  } catch (
      const std::exception& error) {  // out of memory, or a fault of ours: this job fails, the others go on
    reply = {failure_reply(request, std::string{"internal error: "} + error.what())};
  }
  const std::lock_guard lock(mutex_);
  --running_;
  // After the end nobody reads an answer, and a stopped transfer must not look like a failed one.
  if (!ended_) apply(session_.finish(id, reply));
}

}  // namespace microstage::remote
