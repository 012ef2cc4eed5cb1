#include "lib/fs/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

extern char** environ;  // NOLINT: POSIX names it so

namespace microstage::fs {

namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;

  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    shut(read_end);
    shut(write_end);
  }

  [[nodiscard]] bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end = ends[0];
    write_end = ends[1];
    return true;
  }
  static void shut(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }
};

std::vector<std::string> merged_environment(const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    bool replaced = false;
    for (const auto& [name, value] : changes)
      replaced |= text.starts_with(name + "=");
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [name, value] : changes)
    merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// A child must not inherit what we ignore or block (SIGPIPE above all).
void default_signals(posix_spawnattr_t& attributes) {
  sigset_t none;
  sigset_t defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP})
    sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

int spawn(std::vector<std::string> argv, std::vector<std::string> environment, const Pipe& input,
          const Pipe& output, const Pipe& errors, pid_t& child) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input.read_end >= 0) {
    posix_spawn_file_actions_adddup2(&actions, input.read_end, STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, output.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.write_end, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  default_signals(attributes);
  const int error = ::posix_spawnp(&child, argv.front().c_str(), &actions, &attributes, pointers(argv).data(),
                                   pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error;
}

// All of the input fits into the pipe, so nobody waits for anybody.
Status fill(Pipe& pipe, std::string_view input, const std::string& program) {
  if (input.empty()) return {};
  if (input.size() > kLongestInput) return fail(ErrorKind::bug, "too long an input for " + program);
  if (!pipe.open() ||
      ::write(pipe.write_end, input.data(), input.size()) != static_cast<ssize_t>(input.size()))
    return fail(system_error(errno, "make a pipe for " + program));
  Pipe::shut(pipe.write_end);
  return {};
}

// Reads both pipes until both are at their end.
void drain(Pipe& output, Pipe& errors, ProcessResult& result) {
  std::array<char, 65536> buffer{};
  while (output.read_end >= 0 || errors.read_end >= 0) {
    std::array<pollfd, 2> polled{{{output.read_end, POLLIN, 0}, {errors.read_end, POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    const auto take = [&](const pollfd& ready, int& end, std::string& text) {
      if (end < 0 || ready.revents == 0) return;
      const ssize_t count = ::read(end, buffer.data(), buffer.size());
      if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
      if (count == 0 || (count < 0 && errno != EINTR)) Pipe::shut(end);
    };
    take(polled[0], output.read_end, result.output);
    take(polled[1], errors.read_end, result.errors);
  }
}

}  // namespace

Result<ProcessResult> run_process(const std::vector<std::string>& argv,
                                  const std::vector<std::pair<std::string, std::string>>& environment,
                                  std::string_view input_text) {
  Pipe input;
  if (auto filled = fill(input, input_text, argv.front()); !filled) return fail(filled.error());
  Pipe output;
  Pipe errors;
  if (!output.open() || !errors.open()) return fail(system_error(errno, "make a pipe for " + argv.front()));
  pid_t child = 0;
  if (const int error = spawn(argv, merged_environment(environment), input, output, errors, child);
      error != 0)
    return fail(system_error(error, "start " + argv.front()));
  Pipe::shut(output.write_end);
  Pipe::shut(errors.write_end);
  ProcessResult result;
  drain(output, errors, result);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail(system_error(errno, "wait for " + argv.front()));
  result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace microstage::fs
