#pragma once
// A dataset of a RIA store behind a web server, for reading: loose objects at the URLs under which DataLad's
// ORA remote asks for them, else members of archives/archive.7z by ranges. A static server will do.
//
// Nothing is believed to be absent unless the server says so (404, 410) and, asked right after, still has the
// dataset's version file: login pages, errors and outages are not absence. Threads: as ReadableDataset.

#include <memory>
#include <string>

#include "lib/core/ids.h"
#include "lib/store/http/remote_archive.h"
#include "lib/store/readable_dataset.h"
#include "lib/store/ria_layout.h"

namespace microstage::store::http {

class HttpDataset final : public ReadableDataset {
 public:
  // `store_url`: http(s)://host[:port]/path without user and password. Errors: those of Client::send;
  // mount_sick when no RIA store answers there, not_found when it has no such dataset, unsupported when a
  // layout version is not known.
  [[nodiscard]] static Result<std::shared_ptr<HttpDataset>> open(std::shared_ptr<Client> client,
                                                                 const std::string& store_url,
                                                                 const DatasetId& id);

  [[nodiscard]] const std::string& path() const override { return url_; }
  [[nodiscard]] Result<Presence> find(const annex::Key& key) const override;
  [[nodiscard]] Result<StoredObject> open_object(const annex::Key& key) const override;
  [[nodiscard]] std::optional<fs::FileStatus> holder_of(const annex::Key& key) const override;
  [[nodiscard]] std::optional<std::string> whereabouts(const annex::Key& key) const override;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> describe() const override;

  // The annex uuid of the remote that the content belongs to, as `config` names it; empty when it names none
  // or cannot be read.
  [[nodiscard]] std::string storage_uuid() const;

  [[nodiscard]] std::string object_url(const annex::Key& key) const;

 private:
  HttpDataset(std::shared_ptr<Client> client, std::string url, HashDirectories hash_directories);

  [[nodiscard]] Status confirm_still_there() const;
  // A 404 for the URL: the server's own word, and about this object alone?
  [[nodiscard]] Status confirm_absence(const std::string& url, bool elsewhere) const;
  [[nodiscard]] Result<Presence> absent_if_confirmed(const std::string& url, bool elsewhere) const;
  [[nodiscard]] Result<Presence> loose_presence(const annex::Key& key) const;
  [[nodiscard]] Result<Presence> archived_presence(const annex::Key& key) const;
  [[nodiscard]] std::string member_path(const annex::Key& key) const;
  // Is there a note that this archive's member was found damaged? What cannot be told
  // from here (the inode) does not speak for the member.
  [[nodiscard]] Result<bool> is_noted_damaged(const annex::Key& key,
                                              const RemoteArchive::Contents& archive) const;
  // Null when the archive has no such member, or there is none.
  [[nodiscard]] Result<std::unique_ptr<transfer::Source>> open_archived(const annex::Key& key) const;
  [[nodiscard]] Result<Presence> judge_size(const annex::Key& key, const std::string& url,
                                            const ResponseHead& head,
                                            std::optional<std::uint64_t> size) const;
  // For servers that do not say the size in answer to HEAD, or do not know HEAD.
  [[nodiscard]] Result<Presence> find_by_first_byte(const annex::Key& key) const;
  [[nodiscard]] Error why_not(const annex::Key& key, const std::string& url, const Response& response) const;

  std::shared_ptr<Client> client_;
  std::string url_;  // of the dataset
  HashDirectories hash_directories_;
  RemoteArchive archive_;
};

}  // namespace microstage::store::http
