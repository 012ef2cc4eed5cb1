#pragma once
// What the git-annex branch records about special remotes (its file remote.log), read without git-annex.
// Parsing is pure. Format: https://git-annex.branchable.com/internals/

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/clone.h"

namespace microstage::cli {

struct SpecialRemote {
  std::string config_uuid;  // of this record
  std::map<std::string, std::string> fields;

  [[nodiscard]] std::string field(const std::string& name) const;
  // The uuid that copies are recorded under: the record's own, or that of the remote it is the same as.
  [[nodiscard]] std::string uuid() const;
  [[nodiscard]] bool is_sameas() const { return fields.contains("sameas-uuid"); }
  [[nodiscard]] std::string name() const { return field(is_sameas() ? "sameas-name" : "name"); }
  [[nodiscard]] std::string type() const { return field("externaltype"); }
  // Of a kind that reads and writes a RIA store.
  [[nodiscard]] bool is_storage() const { return type() == "microstage" || type() == "ora"; }
};

using SpecialRemotes = std::vector<SpecialRemote>;

// Of several lines for one uuid (the branch is merged by union) the newest counts.
[[nodiscard]] SpecialRemotes parse_remote_log(std::string_view text);

// Lets git-annex merge what was fetched and commit what an interrupted command left, where there is any of
// it; then reads the branch.
[[nodiscard]] Result<SpecialRemotes> read_special_remotes(const Clone& clone);

// The remotes whose copies are recorded under `uuid`: first the record that owns it.
[[nodiscard]] SpecialRemotes with_uuid(const SpecialRemotes& remotes, const std::string& uuid);

// The uuid of the storage remote for dataset `id` in the store at `url`; empty when there is none. Several
// can only come of two clones connected apart; then the oldest name in order counts, for every clone must
// choose the same.
[[nodiscard]] std::string find_storage(const SpecialRemotes& remotes, const std::string& url,
                                       const DatasetId& id);

}  // namespace microstage::cli
