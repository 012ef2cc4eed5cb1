#pragma once
// What a request's handler may do while it works: ask git-annex, tell the user, report progress, learn that
// it should stop. The handler's side of a session; a fake of it serves the tests.
//
// Threads: one handler thread per conversation. ask() blocks until git-annex answers.

#include <cstdint>
#include <stop_token>
#include <string>

#include "lib/core/result.h"
#include "remote/session.h"

namespace microstage::remote {

class Conversation {
 public:
  virtual ~Conversation() = default;

  // Sends a query (GETCONFIG url) and returns git-annex's answer. Errors: unsupported when git-annex answered
  // ERROR, cancelled when the session ended meanwhile.
  [[nodiscard]] virtual Result<std::string> ask(const std::string& query) = 0;
  virtual void set_config(const std::string& name, const std::string& value) = 0;  // kept only in INITREMOTE
  virtual void inform(const std::string& text) = 0;                                // for the user
  virtual void debug(const std::string& text) = 0;                                 // for git annex --debug
  virtual void progress(std::uint64_t bytes) = 0;
  [[nodiscard]] virtual bool has(Extension extension) const = 0;
  [[nodiscard]] virtual std::stop_token stop_token() const = 0;
};

}  // namespace microstage::remote
