#pragma once
// The protocol's two pipes, taken away from everybody else: standard input and output become /dev/null, so
// that no library and no child process can eat or inject a line.

namespace microstage::remote {

struct ProtocolPipes {
  int from_annex = -1;
  int to_annex = -1;
};

// Call first in main, before any thread. Ends the process with status 1 when that is impossible.
[[nodiscard]] ProtocolPipes take_standard_streams();

}  // namespace microstage::remote
