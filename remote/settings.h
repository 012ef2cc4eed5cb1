#pragma once
// Where this remote's store is and how it is to be used in this clone: what git-annex knows of the remote
// (committed) and what git's configuration changes about it here (ORA's names: remote.NAME.ora-url,
// ora-push-url, …; annex.ora-remote.NAME.… of its first releases; insteadOf).

#include <optional>
#include <string>
#include <string_view>

#include "lib/control/spool_place.h"
#include "lib/core/ids.h"
#include "lib/store/ria_store.h"
#include "lib/store/ria_url.h"
#include "remote/conversation.h"
#include "remote/git_config.h"

namespace microstage::remote {

// What git-annex tells about the remote. Asked once, in PREPARE or INITREMOTE.
struct CommittedSettings {
  std::string name;  // of the special remote; its sameas-name when it is a partner
  std::string uuid;
  std::string url;
  std::string push_url;
  std::string archive_id;
  std::string base_path;  // of datasets that knew no url yet
  std::string ssh_host;   // "0": none
  std::string limit;      // bytes a second
  std::string verify;     // how stored objects are verified
  std::string git_dir;
  std::string spool;                      // whether transfers are recorded, "no" or nothing
  bool export_tree = false;               // exporttree=yes
  std::optional<std::string> git_remote;  // its name in git's configuration, where git-annex tells it
};

// The name by which a person calls the remote; "NAME" where nobody told.
[[nodiscard]] std::string name_of(const CommittedSettings& settings);

[[nodiscard]] Result<CommittedSettings> ask_for_settings(Conversation& conversation);

// A file tree (url=file://…), as opposed to a RIA store.
[[nodiscard]] bool keeps_tree(const CommittedSettings& settings);
// Whether a value from git-annex's configuration means yes.
[[nodiscard]] bool is_yes(std::string_view value);

// The URLs in effect here: a local override of this git remote, else of one with the same annex uuid (DataLad
// reconfigures only one of two partners), else the committed one; then git's rewriting rules. Errors: invalid
// with what is wrong; a push URL over HTTP is unsupported.
[[nodiscard]] Result<store::RiaUrl> effective_url(const CommittedSettings& settings, const GitConfig& config);
[[nodiscard]] Result<store::RiaUrl> effective_push_url(const CommittedSettings& settings,
                                                       const GitConfig& config);
// The directory of the file tree, by the same rules.
[[nodiscard]] Result<std::string> effective_tree(const CommittedSettings& settings, const GitConfig& config);

// Bytes a second that all transfers of this process together may move: remote.NAME.microstage-limit, else the
// remote's limit=. Nothing when neither is set; an error when it is no size.
[[nodiscard]] Result<std::optional<std::uint64_t>> rate_limit(const CommittedSettings& settings,
                                                              const GitConfig& config);

// Whether objects are read back from the medium before a STORE succeeds: remote.NAME.microstage-verify, else
// the remote's verify=, is "readback" and not "copy" (the default).
[[nodiscard]] Result<bool> reads_back(const CommittedSettings& settings, const GitConfig& config);

// The user's word on stores that are not quite as we expect.
struct StorePolicy {
  store::UnknownLayout unknown_layout = store::UnknownLayout::refuse;  // assumed by ora-force-write
  bool ignore_flags = false;  // ora-ignore-ria-config: no error log even where the store asks for it
};
[[nodiscard]] Result<StorePolicy> store_policy(const CommittedSettings& settings, const GitConfig& config);

// Where transfers are recorded, as this clone, its user and the process's environment say.
[[nodiscard]] control::SpoolSettings spool_settings(const CommittedSettings& settings,
                                                    const GitConfig& config);
// A remote's parameters come with the dataset, and must not choose where its users write.
[[nodiscard]] Status check_spool_parameter(const CommittedSettings& settings);

// Why this program cannot reach the store at `url`, and what to do.
[[nodiscard]] Error out_of_reach(const store::RiaUrl& url, const CommittedSettings& settings);

}  // namespace microstage::remote
