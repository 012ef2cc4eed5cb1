#pragma once
// HTTP by libcurl. Part of the module only: nothing else of ours includes or links libcurl.
//
// Threads: start() from any; connections are kept for the next request, one set per request that runs at
// once.

#include <memory>
#include <mutex>
#include <vector>

#include "lib/store/http/transport.h"

namespace microstage::store::http {

class CurlSession;  // a libcurl handle with its connections

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(TransportOptions options);
  ~CurlTransport() override;

  [[nodiscard]] Result<std::unique_ptr<Exchange>> start(const Request& request,
                                                        const std::stop_token& stop) override;

 private:
  class Pool;
  TransportOptions options_;
  std::shared_ptr<Pool> pool_;  // shared with the exchanges, which give their session back
};

}  // namespace microstage::store::http
