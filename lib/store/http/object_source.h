#pragma once
// The bytes of an object (or of a part of one) behind a web server, streamed in order. A cut connection is
// taken up again where it ended, and only while the server still has the same object.
//
// Threads: one reader.

#include <memory>
#include <string>

#include "lib/store/http/client.h"
#include "lib/transfer/source.h"

namespace microstage::store::http {

class ObjectSource final : public transfer::Source {
 public:
  struct Place {
    std::string url;
    std::string name;         // how errors call it: the URL without secrets, and the member of an archive
    std::uint64_t start = 0;  // of the part that is this source
    std::uint64_t size = 0;   // of the part
    std::uint64_t total = 0;  // of what the URL names
    std::string validator;    // of what the URL names; empty: not known
    bool must_range = false;  // a server that ignores Range is an error, and not read from the start
  };

  // `body` is a response to a plain GET of the URL of which nothing was read, or null.
  ObjectSource(std::shared_ptr<Client> client, Place place, std::unique_ptr<Exchange> body = nullptr);

  [[nodiscard]] const std::string& name() const override { return place_.name; }
  [[nodiscard]] std::uint64_t size() const override { return place_.size; }
  // Errors: source_changed when the server now has another object; those of Client::send.
  [[nodiscard]] Result<std::size_t> read_at(std::span<std::byte> buffer, std::uint64_t offset) override;
  void stop_with(const std::stop_token& stop) override { stop_ = stop; }

 private:
  [[nodiscard]] Status open_at(std::uint64_t position);
  [[nodiscard]] Status check_whole(const Response& response) const;
  [[nodiscard]] Status check_part(const Response& response, std::uint64_t position) const;
  [[nodiscard]] Status skip(std::uint64_t count);
  [[nodiscard]] Result<std::size_t> read_on(std::span<std::byte> buffer);
  [[nodiscard]] Status changed() const;

  std::shared_ptr<Client> client_;
  Place place_;
  std::unique_ptr<Exchange> body_;
  std::uint64_t position_ = 0;  // of body_, in what the URL names
  std::stop_token stop_;
};

}  // namespace microstage::store::http
