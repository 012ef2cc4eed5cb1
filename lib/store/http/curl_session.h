#pragma once
// A libcurl handle with its connections, and the response that it is reading. Part of the module only.
//
// Threads: one at a time.

#include <curl/curl.h>

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/http/transport.h"

namespace microstage::store::http {

class CurlSession {
 public:
  CurlSession();
  ~CurlSession();
  CurlSession(const CurlSession&) = delete;
  CurlSession& operator=(const CurlSession&) = delete;

  [[nodiscard]] bool usable() const { return multi_ != nullptr && easy_ != nullptr; }

  // Until the head of the response is there, and of a page for people the rest.
  [[nodiscard]] Status start(const Request& request, const TransportOptions& options,
                             const std::stop_token& stop);
  // As Exchange::read.
  [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer, const std::stop_token& stop);

  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] const std::vector<std::string>& header_lines() const { return lines_; }
  [[nodiscard]] const std::string& redirect_url() const { return redirect_url_; }

  // Keeps the connection when the response was read to its end.
  void detach();

 private:
  void reset(const Request& request, const TransportOptions& options);
  void configure(const Request& request, const TransportOptions& options);
  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy_, option, value);
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  bool take_header(std::string_view line);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  // Otherwise the body is a page for people: it is read over, for the sake of the connection.
  [[nodiscard]] bool has_content() const { return status_ == 200 || status_ == 206; }
  bool discard(std::size_t count);
  // Into the reader's buffer, what is beyond it aside; libcurl keeps the rest until somebody reads.
  bool take_body(std::span<const std::byte> bytes);

  // Works until `enough`, the end of the response, or a reason to give up.
  template <class Enough>
  Status pump(const Enough& enough, const std::stop_token& stop);
  void collect();
  [[nodiscard]] Status outcome() const;

  CURLM* multi_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  bool attached_ = false;

  std::string name_;
  std::chrono::milliseconds stall_limit_{};
  int status_ = 0;
  std::vector<std::string> lines_;
  std::string redirect_url_;
  std::size_t head_size_ = 0;
  std::size_t discarded_ = 0;
  bool head_complete_ = false;
  bool head_too_long_ = false;

  std::span<std::byte> target_;  // of the reader who waits
  std::size_t filled_ = 0;
  std::vector<std::byte> spill_;  // what libcurl gave beyond it, less than one of its buffers
  std::size_t spill_used_ = 0;
  bool paused_ = false;
  bool moved_ = false;
  bool done_ = false;
  CURLcode result_ = CURLE_OK;
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

}  // namespace microstage::store::http
