#include "lib/store/http/credentials.h"

#include "lib/core/text.h"
#include "lib/fs/process.h"

namespace microstage::store::http {

namespace {

std::string description(const std::string& origin, const Credentials& credentials) {
  const std::size_t colon = origin.find("://");
  std::string text = "protocol=" + origin.substr(0, colon) + "\nhost=" + origin.substr(colon + 3) + "\n";
  if (!credentials.user.empty()) text += "username=" + credentials.user + "\n";
  if (!credentials.password.empty()) text += "password=" + credentials.password + "\n";
  return text + "\n";
}

// A line end would let one value pose as several.
bool fits_a_line(const std::string& origin, const Credentials& credentials) {
  const auto plain = [](const std::string& text) {
    return text.find_first_of(std::string_view{"\n\r\0", 3}) == std::string::npos;
  };
  return plain(origin) && plain(credentials.user) && plain(credentials.password);
}

Result<fs::ProcessResult> run_git_credential(const char* verb, const std::string& origin,
                                             const Credentials& credentials) {
  if (!fits_a_line(origin, credentials)) return fail(ErrorKind::invalid, "a line end in a URL");
  return fs::run_process({"git", "credential", verb}, {{"GIT_TERMINAL_PROMPT", "0"}, {"GIT_ASKPASS", ""}},
                         description(origin, credentials));
}

}  // namespace

std::optional<Credentials> parse_credential(std::string_view output) {
  Credentials found;
  for (std::string_view line : split(output, '\n')) {
    if (consume_prefix(line, "username=")) {
      found.user = line;
    } else if (consume_prefix(line, "password=")) {
      found.password = line;
    }
  }
  if (found.user.empty() || found.password.empty()) return std::nullopt;
  return found;
}

std::optional<Credentials> GitCredentials::find(const std::string& origin, const std::string& user) {
  const auto filled = run_git_credential("fill", origin, {user, {}});
  if (!filled || filled->exit_status != 0) return std::nullopt;
  return parse_credential(filled->output);
}

void GitCredentials::tell(const std::string& origin, const Credentials& credentials, bool right) {
  ignore_error(run_git_credential(right ? "approve" : "reject", origin, credentials),
               "a helper that cannot remember is asked again next time");
}

CredentialKeeper::CredentialKeeper(std::shared_ptr<CredentialHelper> helper, std::optional<Credentials> given)
    : helper_(std::move(helper)) {
  if (given) user_ = given->user;
  if (given && !given->password.empty()) current_ = std::move(given);
}

std::optional<Credentials> CredentialKeeper::current() {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::optional<Credentials> CredentialKeeper::next(const std::string& origin,
                                                  const std::optional<Credentials>& tried) {
  const std::lock_guard lock(mutex_);
  if (current_ != tried) return current_;  // another thread has found them meanwhile
  if (helper_ && asked_ && current_) helper_->tell(origin, *current_, false);
  current_.reset();
  if (!helper_ || asked_) return std::nullopt;
  asked_ = true;
  current_ = helper_->find(origin, user_);
  return current_;
}

void CredentialKeeper::accepted(const std::string& origin, const std::optional<Credentials>& used) {
  const std::lock_guard lock(mutex_);
  if (!helper_ || !asked_ || told_ || !used || used != current_) return;
  told_ = true;
  helper_->tell(origin, *used, true);
}

}  // namespace microstage::store::http
