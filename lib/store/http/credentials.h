#pragma once
// User names and passwords for a server that asks for them (~/.netrc is the transport's): those of the URL,
// else those of git's credential helpers, asked once and told whether they were right.
//
// Threads: any.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lib/core/result.h"

namespace microstage::store::http {

struct Credentials {
  std::string user;
  std::string password;

  bool operator==(const Credentials&) const = default;
};

class CredentialHelper {
 public:
  CredentialHelper() = default;
  CredentialHelper(const CredentialHelper&) = delete;
  CredentialHelper& operator=(const CredentialHelper&) = delete;
  virtual ~CredentialHelper() = default;

  // `user` narrows the search when it is not empty. Never prompts.
  [[nodiscard]] virtual std::optional<Credentials> find(const std::string& origin,
                                                        const std::string& user) = 0;
  virtual void tell(const std::string& origin, const Credentials& credentials, bool right) = 0;
};

// `git credential`, with every way of prompting closed.
class GitCredentials final : public CredentialHelper {
 public:
  [[nodiscard]] std::optional<Credentials> find(const std::string& origin, const std::string& user) override;
  void tell(const std::string& origin, const Credentials& credentials, bool right) override;
};

// What of git's `key=value` lines is a user and a password.
[[nodiscard]] std::optional<Credentials> parse_credential(std::string_view output);

class CredentialKeeper {
 public:
  CredentialKeeper(std::shared_ptr<CredentialHelper> helper, std::optional<Credentials> given);

  [[nodiscard]] std::optional<Credentials> current();
  // After a 401 to `tried`: what to try next, nothing when there is nothing more.
  [[nodiscard]] std::optional<Credentials> next(const std::string& origin,
                                                const std::optional<Credentials>& tried);
  void accepted(const std::string& origin, const std::optional<Credentials>& used);

 private:
  std::shared_ptr<CredentialHelper> helper_;
  std::mutex mutex_;  // guards what follows
  std::optional<Credentials> current_;
  std::string user_;  // of the URL, to narrow the search
  bool asked_ = false;
  bool told_ = false;
};

}  // namespace microstage::store::http
