#pragma once
// The archive of a dataset, archives/archive.7z, read in place. Its table of members is read once and again
// when the file has changed in any way that its metadata show; what is refused is remembered likewise.
//
// Threads: members may be called from several threads.

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "lib/fs/directory.h"
#include "lib/store/archive/member_table.h"

namespace microstage::store {

class SealedArchive {
 public:
  static constexpr const char* kPath = "archives/archive.7z";  // below a dataset

  struct Contents {
    fs::FileStatus status;  // of the file that they were read from
    archive::MemberTable members;
  };
  struct Opened {
    std::shared_ptr<const fs::File> file;
    std::shared_ptr<const Contents> contents;  // of just that file
  };

  // What the dataset's archive holds; null when it has none. Errors: integrity and unsupported as those of
  // archive::TableReader, with what to do about them; invalid when it is no regular file or a symbolic link
  // is on the way; transient when it is being written.
  [[nodiscard]] Result<std::shared_ptr<const Contents>> contents(const fs::Directory& dataset) const;
  // The same with the file open: what was found stays readable when the archive is replaced.
  [[nodiscard]] Result<std::optional<Opened>> open(const fs::Directory& dataset) const;

  // Fsyncs what whoever put it there may have left out. False when there is none.
  [[nodiscard]] static Result<bool> make_durable(const fs::Directory& dataset);

 private:
  using Outcome = Result<std::shared_ptr<const Contents>>;

  // Expects mutex_ to be held.
  [[nodiscard]] Outcome read_again(const fs::File& file) const;

  struct Known {
    fs::FileStatus status;
    Outcome outcome;
  };
  mutable std::mutex mutex_;  // held while the header is read: everybody else wants the same
  mutable std::optional<Known> known_;
};

}  // namespace microstage::store
