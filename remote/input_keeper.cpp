#include "remote/input_keeper.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace microstage::remote {

namespace {

// Everything from `first` on, also on kernels before close_range (Linux 5.9).
void close_from(int first) {
  if (::close_range(static_cast<unsigned>(first), ~0U, 0) == 0) return;
  constexpr int kFew = 1024;  // the limit itself may be a billion; we have just started
  for (int descriptor = first; descriptor < kFew; ++descriptor)
    ::close(descriptor);
}

// Only that one descriptor: git-annex also waits for the end of our standard error, and a tier may be
// unmounted.
[[noreturn]] void hold(const ProtocolPipes& pipes) {
  ::prctl(PR_SET_NAME, "microstage-hold");
  // First what git-annex waits for the end of.
  for (const int output : {pipes.to_annex, STDOUT_FILENO, STDERR_FILENO})
    ::close(output);
  const bool alone = ::chdir("/") == 0 && ::dup2(pipes.from_annex, STDIN_FILENO) == STDIN_FILENO;
  close_from(STDERR_FILENO + 1);
  // Nothing is asked for, so only git-annex's closing of its end, or its death, ends this.
  pollfd closed{STDIN_FILENO, 0, 0};
  while (alone && ::poll(&closed, 1, -1) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace

void keep_input_open(const ProtocolPipes& pipes) {
  // Of a file, a terminal or /dev/null nobody closes another end: its keeper would never see the end.
  struct ::stat status {};
  if (::fstat(pipes.from_annex, &status) != 0 || !S_ISFIFO(status.st_mode)) return;
  if (::fork() == 0) hold(pipes);
}

}  // namespace microstage::remote
