#pragma once
// What INITREMOTE does, at initremote and at every enableremote and autoenable: it must be repeatable and
// must not need the store, which may not be mounted where a clone is made.

#include "lib/fs/file_ops.h"
#include "remote/conversation.h"
#include "remote/git_config.h"
#include "remote/http_store.h"
#include "remote/settings.h"

namespace microstage::remote {

// For a file tree: checks the parameters, and that nothing is given that only a store has.
// For a store: checks the parameters, settles archive-id (the DataLad dataset id, else the remote's uuid),
// and sets datalad-publish-depends, where it is unset, on each git remote whose URL leads into this dataset
// of the store, so that a plain `datalad push` from a fresh clone takes the content along.
[[nodiscard]] Status initialise(fs::FileOps& ops, HttpStore& http, CommittedSettings& settings,
                                const GitConfig& config, Conversation& conversation);

// The git remotes whose URL leads into the dataset at `store_dataset` (an absolute path), directly or through
// local clones that have such a remote themselves (a clone of a clone). Reads the configuration of those
// clones.
[[nodiscard]] std::vector<std::string> remotes_leading_to(fs::FileOps& ops, const GitConfig& config,
                                                          const std::string& store_dataset);

}  // namespace microstage::remote
