#include "remote/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace microstage::remote {

ProtocolPipes take_standard_streams() {
  // Asked first: what is opened next would take the number of one that is closed.
  const bool open = ::fcntl(STDIN_FILENO, F_GETFD) >= 0 && ::fcntl(STDOUT_FILENO, F_GETFD) >= 0;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  // Above the standard three, whatever of them was closed when we started.
  const ProtocolPipes pipes{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3),
                            ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
  const bool taken = open && null >= 0 && pipes.from_annex >= 0 && pipes.to_annex >= 0 &&
                     ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(null, STDOUT_FILENO) >= 0;
  if (!taken) {
    std::fputs(
        "git-annex-remote-microstage: standard input and output must be open; git-annex runs this program\n",
        stderr);
    std::exit(1);
  }
  // Closed standard error: `null` itself has its number, close-on-exec, and stays.
  if (null != STDERR_FILENO) ::close(null);
  return pipes;
}

}  // namespace microstage::remote
