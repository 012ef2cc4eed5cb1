#pragma once
// Holds our standard input open for as long as git-annex does, whatever becomes of this process.
//
// Where ASYNC was agreed on, git-annex 10.20230126 waits for ever when a line it writes to us fails before it
// has seen the end of what we say: its sending thread dies of the broken pipe, and nobody wakes the jobs. A
// remote that is killed in the middle of a dialogue (out of memory, say) would hang the whole `git annex
// get`. With a second process that holds the reading end, git-annex sees the end of our output, fails the
// transfer and starts us again.

#include "remote/standard_streams.h"

namespace microstage::remote {

// Call in main before any thread. Where no process can be started, or the input is no pipe, the session
// simply goes without.
void keep_input_open(const ProtocolPipes& pipes);

}  // namespace microstage::remote
