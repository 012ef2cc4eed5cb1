#include "lib/store/http/curl_session.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "lib/core/text.h"
#include "lib/store/http/url.h"

namespace microstage::store::http {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestHead = std::size_t{64} << 10U;
constexpr long kReceiveBuffer = 512L << 10U;
constexpr std::chrono::seconds kDrainLimit{2};
constexpr int kPollMilliseconds = 100;  // how late a stop may be noticed

Error cancelled() {
  return {ErrorKind::cancelled, "the transfer was cancelled", 0};
}

// Children (git, asked for credentials) must not inherit our connections.
curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* address) {
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

ErrorKind kind_of(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
      return ErrorKind::invalid;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return ErrorKind::unsupported;
    default:
      return ErrorKind::transient;
  }
}

}  // namespace

CurlSession::CurlSession() : multi_(curl_multi_init()), easy_(curl_easy_init()) {}

CurlSession::~CurlSession() {
  detach();
  curl_easy_cleanup(easy_);
  curl_multi_cleanup(multi_);
  curl_slist_free_all(headers_);
}

template <class Enough>
Status CurlSession::pump(const Enough& enough, const std::stop_token& stop) {
  auto last_moved = Clock::now();
  for (;;) {
    if (stop.stop_requested()) return fail(cancelled());
    moved_ = false;
    int running = 0;
    curl_multi_perform(multi_, &running);
    collect();
    if (enough()) return {};
    if (done_) return outcome();
    if (moved_) {
      last_moved = Clock::now();
      continue;
    }
    if (Clock::now() - last_moved > stall_limit_) {
      return fail(ErrorKind::transient,
                  name_ + ": the server said nothing for " +
                      std::to_string(std::chrono::ceil<std::chrono::seconds>(stall_limit_).count()) + " s");
    }
    curl_multi_poll(multi_, nullptr, 0, kPollMilliseconds, nullptr);
  }
}

Status CurlSession::start(const Request& request, const TransportOptions& options,
                          const std::stop_token& stop) {
  reset(request, options);
  if (curl_multi_add_handle(multi_, easy_) != CURLM_OK)
    return fail(ErrorKind::transient, name_ + ": no memory for a connection");
  attached_ = true;
  const auto started = Clock::now();
  auto pumped =
      pump([&] { return head_complete_ && (has_content() || done_ || Clock::now() - started > kDrainLimit); },
           stop);
  const bool enough = head_complete_ && !has_content() && done_;
  return enough ? Status{} : pumped;
}

Result<std::size_t> CurlSession::read(std::span<std::byte> buffer, const std::stop_token& stop) {
  target_ = buffer;
  filled_ = std::min(buffer.size(), spill_.size() - spill_used_);
  std::copy_n(spill_.begin() + static_cast<std::ptrdiff_t>(spill_used_), filled_, buffer.begin());
  spill_used_ += filled_;
  Status pumped{};
  if (filled_ < buffer.size()) {
    spill_.clear();
    spill_used_ = 0;
    if (std::exchange(paused_, false)) curl_easy_pause(easy_, CURLPAUSE_CONT);
    pumped = pump([this] { return filled_ == target_.size(); }, stop);
  }
  target_ = {};
  // What came before a cut is good; the cut is reported by the next call.
  if (!pumped && (filled_ == 0 || pumped.error().kind == ErrorKind::cancelled)) return fail(pumped.error());
  return filled_;
}

void CurlSession::detach() {
  if (std::exchange(attached_, false)) curl_multi_remove_handle(multi_, easy_);
}

void CurlSession::reset(const Request& request, const TransportOptions& options) {
  curl_easy_reset(easy_);
  curl_slist_free_all(std::exchange(headers_, nullptr));
  name_ = redacted(request.url);
  stall_limit_ = options.stall_limit;
  status_ = 0;
  lines_.clear();
  redirect_url_.clear();
  head_size_ = discarded_ = spill_used_ = filled_ = 0;
  spill_.clear();
  target_ = {};
  head_complete_ = head_too_long_ = paused_ = done_ = false;
  result_ = CURLE_OK;
  error_text_.front() = '\0';
  configure(request, options);
}

void CurlSession::configure(const Request& request, const TransportOptions& options) {
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOBODY, request.method == Method::head ? 1L : 0L);
  set(CURLOPT_USERAGENT, "microstage/" MICROSTAGE_VERSION);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_limit.count()));
  set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  if (!options.ca_path.empty()) set(CURLOPT_CAPATH, options.ca_path.c_str());
  set(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
  set(CURLOPT_NETRC, static_cast<long>(request.own_host ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED));
  if (!request.user.empty()) {
    set(CURLOPT_USERNAME, request.user.c_str());
    set(CURLOPT_PASSWORD, request.password.c_str());
  }
  // A cache on the way may know an object that was removed since, or not know one that came.
  headers_ = curl_slist_append(headers_, "Cache-Control: no-cache");
  if (request.range) {
    const auto& last = request.range->last;
    const std::string range =
        std::to_string(request.range->first) + "-" + (last ? std::to_string(*last) : std::string{});
    set(CURLOPT_RANGE, range.c_str());
    if (!request.if_range.empty())
      headers_ = curl_slist_append(headers_, ("If-Range: " + request.if_range).c_str());
  }
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_ERRORBUFFER, error_text_.data());
  set(CURLOPT_HEADERFUNCTION, &CurlSession::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlSession::on_body);
  set(CURLOPT_WRITEDATA, this);
}

std::size_t CurlSession::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t length = size * count;
  return static_cast<CurlSession*>(self)->take_header({data, length}) ? length : 0;
}

bool CurlSession::take_header(std::string_view line) {
  moved_ = true;
  head_size_ += line.size();
  if (head_size_ > kLongestHead) {
    head_too_long_ = true;
    return false;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  if (line.starts_with("HTTP/")) {  // of the final response, or of an interim one before it
    lines_.clear();
  } else if (!line.empty()) {
    lines_.emplace_back(line);
  } else {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    status_ = static_cast<int>(status);
    head_complete_ = head_complete_ || status_ >= 200;
  }
  return true;
}

std::size_t CurlSession::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t length = size * count;
  const auto bytes = std::as_bytes(std::span(data, length));
  auto& session = *static_cast<CurlSession*>(self);
  if (!session.has_content()) return session.discard(length) ? length : 0;
  return session.take_body(bytes) ? length : std::size_t{CURL_WRITEFUNC_PAUSE};
}

bool CurlSession::discard(std::size_t count) {
  discarded_ += count;
  return discarded_ <= kLongestHead;
}

bool CurlSession::take_body(std::span<const std::byte> bytes) {
  if (filled_ == target_.size()) {
    paused_ = true;
    return false;
  }
  moved_ = true;
  const std::size_t fits = std::min(bytes.size(), target_.size() - filled_);
  std::copy_n(bytes.begin(), fits, target_.begin() + static_cast<std::ptrdiff_t>(filled_));
  filled_ += fits;
  spill_.insert(spill_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(fits), bytes.end());
  return true;
}

void CurlSession::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    done_ = true;
    result_ = message->data.result;
  }
  if (!head_complete_) return;
  char* target = nullptr;
  if (redirect_url_.empty() && curl_easy_getinfo(easy_, CURLINFO_REDIRECT_URL, &target) == CURLE_OK &&
      target != nullptr)
    redirect_url_ = target;
}

Status CurlSession::outcome() const {
  if (result_ == CURLE_OK && head_complete_) return {};
  if (head_too_long_)
    return fail(ErrorKind::unsupported, name_ + ": the server's answer begins with endless headers");
  const std::string_view text =
      error_text_.front() != '\0' ? error_text_.data() : curl_easy_strerror(result_);
  Error error{kind_of(result_), name_ + ": " + one_line(text), 0};
  if (error.kind == ErrorKind::invalid && result_ != CURLE_URL_MALFORMAT) {
    error.message +=
        "; its certificate is not trusted here: name the authority's in git's http.sslCAInfo"
        " (http.sslVerify is not heeded)";
  }
  return fail(std::move(error));
}

}  // namespace microstage::store::http
