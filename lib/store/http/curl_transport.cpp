#include "lib/store/http/curl_transport.h"

#include <curl/curl.h>

#include <string_view>

#include "lib/store/http/curl_session.h"

namespace microstage::store::http {

class CurlTransport::Pool {
 public:
  std::unique_ptr<CurlSession> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<CurlSession>();
    auto session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }
  void give_back(std::unique_ptr<CurlSession> session) {
    session->detach();
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<CurlSession>> idle_;
};

namespace {

template <class Pool>
class CurlExchange final : public Exchange {
 public:
  CurlExchange(std::shared_ptr<Pool> pool, std::unique_ptr<CurlSession> session)
      : pool_(std::move(pool)), session_(std::move(session)) {}
  ~CurlExchange() override { pool_->give_back(std::move(session_)); }

  [[nodiscard]] int status() const override { return session_->status(); }
  [[nodiscard]] const std::vector<std::string>& header_lines() const override {
    return session_->header_lines();
  }
  [[nodiscard]] const std::string& redirect_url() const override { return session_->redirect_url(); }
  [[nodiscard]] CurlSession& session() { return *session_; }
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer, const std::stop_token& stop) override {
    return session_->read(buffer, stop);
  }

 private:
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<CurlSession> session_;
};

}  // namespace

CurlTransport::CurlTransport(TransportOptions options)
    : options_(std::move(options)), pool_(std::make_shared<Pool>()) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(initialised);
}

CurlTransport::~CurlTransport() = default;

Result<std::unique_ptr<Exchange>> CurlTransport::start(const Request& request, const std::stop_token& stop) {
  auto session = pool_->take();
  if (!session->usable()) return fail(ErrorKind::transient, "no memory for a connection");
  auto exchange = std::make_unique<CurlExchange<Pool>>(pool_, std::move(session));
  CurlSession& started = exchange->session();
  if (auto status = started.start(request, options_, stop); !status) return fail(status.error());
  return exchange;
}

}  // namespace microstage::store::http

// The one symbol of the module.
extern "C" [[gnu::visibility("default")]] microstage::store::http::Transport* microstage_http_transport(
    const char* version, const microstage::store::http::TransportOptions* options) {
  if (std::string_view{version} != MICROSTAGE_VERSION) return nullptr;
  return std::make_unique<microstage::store::http::CurlTransport>(*options).release();
}
