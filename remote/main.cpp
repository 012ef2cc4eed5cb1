// git-annex-remote-microstage: git-annex starts it and talks to it through its standard streams.
//
// Threads: this one reads; one writes; the jobs have theirs. A child holds our input open (input_keeper.h).
// Whatever ends the session (end of file, a vanished reader, SIGTERM, SIGINT) ends the process within about a
// second, for git-annex waits for it without a limit.

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "lib/fs/file_ops.h"
#include "remote/dispatcher.h"
#include "remote/input_keeper.h"
#include "remote/special_remote.h"
#include "remote/standard_streams.h"

namespace {

using namespace microstage;          // NOLINT: the program's own names
using namespace microstage::remote;  // NOLINT

constexpr std::string_view kUsage =
    "git-annex-remote-microstage " MICROSTAGE_VERSION
    "\n"
    "git-annex starts this program; people use it through git-annex and DataLad:\n"
    "  git annex initremote capacity type=external externaltype=microstage encryption=none "
    "url=ria+file:///data/store\n"
    "  microstage connect DATASET --store ria+file:///data/store\n"
    "See git-annex-remote-microstage(1).\n";

// How long a job may take to notice that it should stop.
constexpr std::chrono::milliseconds kGrace{600};
// How long what we said last may take to be read.
constexpr std::chrono::milliseconds kPatience{300};
// How long all of the end may take, tidying up in the store included.
constexpr std::chrono::milliseconds kLongestEnd{950};

// Signals arrive through a descriptor: no handler, and the reading thread sees them between two lines.
int signal_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

int protocol_version() {
  const char* wanted = std::getenv("MICROSTAGE_PROTOCOL");  // NOLINT: nobody changes the environment
  return wanted != nullptr && std::string_view{wanted} == "1" ? 1 : 2;
}

// Hands complete lines to the dispatcher. What is left at the end of the input was cut off and is not a line.
class LineReader {
 public:
  explicit LineReader(Dispatcher& dispatcher) : dispatcher_(dispatcher) {}

  // False at the end of the input.
  [[nodiscard]] bool read_from(int descriptor) {
    std::array<char, 65536> buffer{};
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (count <= 0) return false;
    pending_.append(buffer.data(), static_cast<std::size_t>(count));
    std::size_t start = 0;
    for (std::size_t end = 0; (end = pending_.find('\n', start)) != std::string::npos; start = end + 1)
      dispatcher_.receive(std::string_view{pending_}.substr(start, end - start));
    pending_.erase(0, start);
    return true;
  }

 private:
  Dispatcher& dispatcher_;
  std::string pending_;
};

// Reads until the session ends. Returns the process's exit status.
int converse(const ProtocolPipes& pipes, int signals, int broken, Dispatcher& dispatcher) {
  LineReader reader(dispatcher);
  while (!dispatcher.ended()) {
    // The writing end is looked at too: a job that has nothing to say would not notice that nobody reads.
    std::array<pollfd, 4> polled{
        {{pipes.from_annex, POLLIN, 0}, {signals, POLLIN, 0}, {broken, POLLIN, 0}, {pipes.to_annex, 0, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return 1;
    }
    if (polled[1].revents != 0) {
      signalfd_siginfo info{};
      const bool known = ::read(signals, &info, sizeof info) == sizeof info;
      return 128 + (known ? static_cast<int>(info.ssi_signo) : SIGTERM);
    }
    if (polled[0].revents != 0 && !reader.read_from(pipes.from_annex)) return 0;
    // At a normal end git-annex closes what it reads first.
    if (polled[2].revents != 0 || polled[3].revents != 0) return dispatcher.idle() ? 0 : 1;
  }
  return dispatcher.reason().empty() ? 0 : 1;
}

// Jobs that have stopped by then leave nothing behind; one that hangs in the kernel is left to the next run's
// sweep.
void wait_for_jobs(Dispatcher& dispatcher, int status) {
  const auto deadline = std::chrono::steady_clock::now() + kGrace;
  while (!dispatcher.idle()) {
    if (std::chrono::steady_clock::now() > deadline) ::_exit(status);
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

// A store whose file system hangs (a dead server, say) would hold us in the middle of tidying up. What stays
// is left to the next run's sweep.
void end_in_time(int status) {
  try {
    std::thread([status] {
      std::this_thread::sleep_for(kLongestEnd);
      ::_exit(status);
    }).detach();
  } catch (const std::system_error&) {  // a limit on processes
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(1);
  }
}

int run_session() {
  const ProtocolPipes pipes = take_standard_streams();
  keep_input_open(pipes);
  const int signals = signal_descriptor();
  const int broken = ::eventfd(0, EFD_CLOEXEC);
  LineWriter writer(pipes.to_annex, [broken] { ::eventfd_write(broken, 1); });
  SpecialRemote remote(fs::posix_file_ops());
  Dispatcher dispatcher(protocol_version(), writer,
                        [&remote](const Request& request, Conversation& conversation) {
                          return remote.serve(request, conversation);
                        });
  dispatcher.start();
  const int status = converse(pipes, signals, broken, dispatcher);
  end_in_time(status);
  dispatcher.end();
  wait_for_jobs(dispatcher, status);
  writer.close(kPatience);
  // A spool on a file system that hangs: its thread would keep us.
  if (!remote.drain_reports(kPatience)) ::_exit(status);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {
    const std::string_view option{argv[1]};
    const bool asked = option == "--help" || option == "--version";
    std::fwrite(kUsage.data(), 1, kUsage.size(), asked ? stdout : stderr);
    return asked ? 0 : 2;
  }
  return run_session();
}
