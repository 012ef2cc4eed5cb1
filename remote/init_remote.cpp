#include "remote/init_remote.h"

#include <algorithm>
#include <utility>

#include "lib/core/text.h"
#include "lib/fs/file.h"
#include "lib/fs/process.h"
#include "lib/store/export_tree.h"
#include "lib/store/ria_dataset.h"

namespace microstage::remote {

namespace {

// DataLad keeps the id in a file of the dataset; git-annex sets GIT_WORK_TREE for its children.
std::string datalad_id() {
  const char* work_tree = std::getenv("GIT_WORK_TREE");  // NOLINT: nobody changes the environment
  const std::string file = std::string{work_tree != nullptr ? work_tree : "."} + "/.datalad/config";
  auto result = fs::run_process({"git", "config", "--file", file, "--get", "datalad.dataset.id"});
  if (!result || result->exit_status != 0) return {};
  return one_line(result->output);
}

Status settle_archive_id(CommittedSettings& settings, Conversation& conversation) {
  if (settings.archive_id.empty()) settings.archive_id = datalad_id();
  if (settings.archive_id.empty()) settings.archive_id = settings.uuid;
  const auto id = DatasetId::parse(settings.archive_id);
  if (!id) return fail(ErrorKind::invalid, "archive-id: " + id.error().message);
  conversation.set_config("archive-id", settings.archive_id);
  return {};
}

// What only this clone's insteadOf rules make a URL ("short:store") would mean nothing to others.
void record_rewritten(const CommittedSettings& settings, const GitConfig& config,
                      Conversation& conversation) {
  for (const auto& [name, url] : {std::pair{"url", settings.url}, std::pair{"push-url", settings.push_url}}) {
    if (url.empty() || store::RiaUrl::parse(url)) continue;
    conversation.set_config(name, store::rewrite_url(url, config.instead_of()));
  }
}

fs::Identity identity_of(fs::FileOps& ops, const std::string& path) {
  const int fd = ops.open(AT_FDCWD, path.c_str(), O_PATH, 0, false);
  if (fd < 0) return {};
  const fs::File file(ops, fd, path);
  const auto status = file.status();
  return status ? status->identity : fs::Identity{};
}

// The configuration of the local repository at `path`, bare or not; empty when there is none.
GitConfig config_of_repository(const std::string& path) {
  for (const char* place : {"/.git/config", "/config"}) {
    auto listing = fs::run_process({"git", "config", "--file", path + place, "--null", "--list"});
    if (listing && listing->exit_status == 0) return GitConfig::parse(listing->output);
  }
  return {};
}

// Clones of clones of clones are rare, and remotes may form circles.
constexpr int kDeepest = 4;

bool leads_to(fs::FileOps& ops, const std::string& url, const fs::Identity& target, int depth,
              std::vector<fs::Identity>& seen) {
  const std::string path = store::local_path_of(url);
  if (path.empty()) return false;
  const fs::Identity here = identity_of(ops, path);
  if (here == target) return true;
  if (depth == kDeepest || here == fs::Identity{}) return false;
  if (std::find(seen.begin(), seen.end(), here) != seen.end()) return false;
  seen.push_back(here);
  const GitConfig config = config_of_repository(path);
  for (const std::string& name : config.remotes()) {
    const auto next = config.value("remote." + name + ".url");
    if (next && next->starts_with('/') && leads_to(ops, *next, target, depth + 1, seen)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> remotes_leading_to(fs::FileOps& ops, const GitConfig& config,
                                            const std::string& store_dataset) {
  std::vector<std::string> found;
  const fs::Identity target = identity_of(ops, store_dataset);
  if (target == fs::Identity{}) return found;
  for (const std::string& name : config.remotes()) {
    std::vector<fs::Identity> seen;
    const auto url = config.value("remote." + name + ".url");
    if (url && leads_to(ops, store::rewrite_url(*url, config.instead_of()), target, 0, seen))
      found.push_back(name);
  }
  return found;
}

namespace {

void set_publish_depends(fs::FileOps& ops, const CommittedSettings& settings, const GitConfig& config,
                         const std::string& store_dataset, Conversation& conversation) {
  const std::string own = settings.git_remote.value_or(settings.name);
  if (own.empty()) return;
  for (const std::string& name : remotes_leading_to(ops, config, store_dataset)) {
    const std::string variable = "remote." + name + ".datalad-publish-depends";
    if (config.value(variable)) continue;
    const auto set = fs::run_process({"git", "config", variable, own});
    if (!set || set->exit_status != 0)
      conversation.inform("could not set " + variable + "; push with: datalad push --to " + own);
  }
}

}  // namespace

namespace {

// Two uuids for the same objects would count each of them twice, and git annex drop would believe it.
Status check_owner(const CommittedSettings& settings, const std::string& dataset, const std::string& known) {
  if (known.empty() || known == settings.uuid) return {};
  return fail(ErrorKind::invalid, dataset + " already is the content of the remote " + known +
                                      "; use microstage connect, or initremote with --sameas=" + known);
}

Status initialise_http(HttpStore& http, const store::RiaUrl& url, const DatasetId& id,
                       const CommittedSettings& settings, const GitConfig& config,
                       Conversation& conversation) {
  const auto dataset = http.open(url, id, config);
  if (dataset) return check_owner(settings, (*dataset)->path(), (*dataset)->storage_uuid());
  conversation.inform(dataset.error().message);
  return {};
}

Status initialise_tree(fs::FileOps& ops, const CommittedSettings& settings, const GitConfig& config,
                       Conversation& conversation) {
  if (!settings.archive_id.empty()) {
    return fail(ErrorKind::invalid,
                "archive-id= names a dataset in a RIA store, and exporttree=yes keeps a plain "
                "file tree; leave it out");
  }
  if (!settings.push_url.empty())
    return fail(ErrorKind::invalid, "push-url= is for a RIA store; with exporttree=yes give only url=");
  if (is_yes(conversation.ask("GETCONFIG importtree").value_or(""))) {
    return fail(ErrorKind::unsupported,
                "importtree=yes is not supported: files go from the dataset to the tree and never back; "
                "leave it out");
  }
  const auto path = effective_tree(settings, config);
  if (!path) return fail(path.error());
  if (const auto tree = store::ExportTree::open(ops, *path); !tree) conversation.inform(tree.error().message);
  return {};
}

}  // namespace

Status initialise(fs::FileOps& ops, HttpStore& http, CommittedSettings& settings, const GitConfig& config,
                  Conversation& conversation) {
  if (const auto limit = rate_limit(settings, config); !limit) return fail(limit.error());
  if (const auto read_back = reads_back(settings, config); !read_back) return fail(read_back.error());
  if (auto spool = check_spool_parameter(settings); !spool) return spool;
  const bool export_tree = is_yes(conversation.ask("GETCONFIG exporttree").value_or(""));
  if (export_tree && keeps_tree(settings)) return initialise_tree(ops, settings, config, conversation);
  if (export_tree) {
    return fail(ErrorKind::invalid,
                "exporttree=yes keeps a plain file tree and needs its directory, for example "
                "url=file:///data/tree; url=" +
                    one_line(settings.url) + " is none");
  }
  if (keeps_tree(settings)) {
    return fail(ErrorKind::invalid,
                "url=file:// is a plain file tree and needs exporttree=yes; a RIA store is "
                "url=ria+file:///data/store");
  }
  const auto url = effective_url(settings, config);
  if (!url) return fail(url.error());
  const auto push_url = effective_push_url(settings, config);
  if (!push_url) return fail(push_url.error());
  const auto policy = store_policy(settings, config);
  if (!policy) return fail(policy.error());
  record_rewritten(settings, config, conversation);
  if (auto settled = settle_archive_id(settings, conversation); !settled) return settled;
  if (!url->is_local() && !url->is_http()) return fail(out_of_reach(*url, settings));
  const auto committed = store::RiaUrl::parse(settings.url);
  if (committed && committed->user_info.find(':') != std::string::npos)
    conversation.inform("url= has a password in it, which everybody who clones this dataset can read");
  const auto id = DatasetId::parse(settings.archive_id);
  if (!id) return fail(id.error());
  // Where it can be written is where most can be checked.
  if (!url->is_local() && !push_url->is_local())
    return initialise_http(http, *url, *id, settings, config, conversation);
  const auto& path = url->is_local() ? url->path : push_url->path;
  const auto store = store::RiaStore::open(ops, path, policy->unknown_layout);
  if (!store) {
    conversation.inform(store.error().message);
    return {};
  }
  const auto dataset = store::RiaDataset::open(*store, *id, policy->unknown_layout);
  if (!dataset) {
    conversation.inform(dataset.error().message);
    return {};
  }
  if (auto ours = check_owner(settings, dataset->path(), dataset->storage_uuid()); !ours) return ours;
  set_publish_depends(ops, settings, config, dataset->path(), conversation);
  return {};
}

}  // namespace microstage::remote
