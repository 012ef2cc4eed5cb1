#pragma once
// Where this remote's store is and how it is to be used in this clone: what git-annex knows of the remote
// (committed) and what git's configuration changes about it here (ORA's names: remote.NAME.ora-url,
// ora-push-url; insteadOf).

#include <optional>
#include <string>

#include "lib/core/ids.h"
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
  std::string git_dir;
  std::optional<std::string> git_remote;  // its name in git's configuration, where git-annex tells it
};

[[nodiscard]] Result<CommittedSettings> ask_for_settings(Conversation& conversation);

// The URLs in effect here: a local override of this git remote, else of one with the same annex uuid (DataLad
// reconfigures only one of two partners), else the committed one; then git's rewriting rules.
[[nodiscard]] Result<store::RiaUrl> effective_url(const CommittedSettings& settings, const GitConfig& config);
[[nodiscard]] Result<store::RiaUrl> effective_push_url(const CommittedSettings& settings,
                                                       const GitConfig& config);

// Bytes a second that all transfers of this process together may move: remote.NAME.microstage-limit. Nothing
// when it is not set; an error when it is no size.
[[nodiscard]] Result<std::optional<std::uint64_t>> rate_limit(const CommittedSettings& settings,
                                                              const GitConfig& config);

}  // namespace microstage::remote
