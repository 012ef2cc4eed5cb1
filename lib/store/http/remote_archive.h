#pragma once
// A dataset's archives/archive.7z behind a web server, read in place by ranges: two small ones and its header
// for the table of members, then the members themselves. The table is read once, and again when the server
// has another archive.
//
// Threads: any.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lib/store/archive/member_table.h"
#include "lib/store/http/client.h"
#include "lib/transfer/source.h"

namespace microstage::store::http {

class RemoteArchive {
 public:
  struct Contents {
    std::uint64_t size = 0;  // of the archive
    std::string validator;
    std::optional<std::int64_t> modified;  // as the server says
    archive::MemberTable members;
  };

  RemoteArchive(std::shared_ptr<Client> client, std::string url)
      : client_(std::move(client)), url_(std::move(url)) {}

  // Null when the server has no archive. Errors: those of Client::send; integrity and unsupported for an
  // archive that cannot be read, or not by ranges; source_changed when it is replaced meanwhile.
  [[nodiscard]] Result<std::shared_ptr<const Contents>> contents() const;

  [[nodiscard]] std::unique_ptr<transfer::Source> open(const Contents& contents,
                                                       const archive::Member& member) const;
  [[nodiscard]] std::string name_of(std::string_view member) const;  // for people

 private:
  using Outcome = Result<std::shared_ptr<const Contents>>;
  [[nodiscard]] Outcome read(std::uint64_t size, const ResponseHead& head) const;

  std::shared_ptr<Client> client_;
  std::string url_;
  struct Known {
    std::uint64_t size = 0;
    std::string validator;
    Outcome outcome;
  };
  mutable std::mutex mutex_;  // held while the table is read: everybody else wants the same
  mutable std::optional<Known> known_;
};

}  // namespace microstage::store::http
