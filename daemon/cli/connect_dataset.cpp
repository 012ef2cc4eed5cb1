#include "daemon/cli/connect_dataset.h"

#include "daemon/cli/sibling.h"
#include "daemon/cli/storage_remote.h"
#include "daemon/cli/store_alias.h"
#include "daemon/cli/store_dataset.h"
#include "lib/store/ria_url.h"

namespace microstage::cli {

namespace {

Result<store::RiaStore> open_store(const Clone& clone, const std::string& url) {
  const std::string reached = store::rewrite_url(url, clone.config.instead_of());
  const auto parsed = store::RiaUrl::parse(reached);
  if (!parsed) return fail(parsed.error());
  if (!parsed->is_local()) {
    return fail(ErrorKind::unsupported, "git's url.*.insteadOf leads " + url + " to " + reached +
                                            "; connect where the store's file system is mounted");
  }
  return store::RiaStore::open(fs::posix_file_ops(), parsed->path);
}

struct Work {
  const ConnectRequest& request;
  Clone clone;
  store::RiaStore store;
  StorageWishes wishes;
};

Result<Work> look(const ConnectRequest& request) {
  auto clone = inspect_clone(request.dataset);
  if (!clone) return failure_of(clone);
  const std::string url = store::RiaUrl::of_path(request.store_path).text();
  auto store = open_store(*clone, url);
  if (!store) return failure_of(store);
  return Work{request,
              std::move(*clone),
              std::move(*store),
              {request.sibling, url, !request.only_microstage, request.verify_once}};
}

// Everything that can be refused, before anything is changed.
Result<StoragePlan> check(const Work& work) {
  const auto uuid = StoreDataset::check(work.store, work.clone.id);
  if (!uuid) return fail(uuid.error());
  if (work.request.alias) {
    if (auto alias = check_alias(work.store, work.clone.id, *work.request.alias); !alias)
      return fail(alias.error());
  }
  if (auto sibling = check_sibling(work.clone, work.store, work.request.sibling); !sibling)
    return fail(sibling.error());
  const auto remotes = read_special_remotes(work.clone);
  if (!remotes) return fail(remotes.error());
  return plan_storage(work.clone, *remotes, *uuid, work.wishes);
}

Result<StoreDataset> make_place(const Work& work) {
  const auto sharing =
      work.request.sharing ? Result<std::string>{*work.request.sharing} : sharing_of(work.store);
  if (!sharing) return fail(sharing.error());
  return StoreDataset::make(work.store, work.clone, *sharing);
}

// Another clone may have connected between our check and our lock, or, where locks do not work, since then;
// its uuid then stands.
Status confirm_uuid(const StoreDataset& place, const StoragePlan& plan, bool applied) {
  const auto named = place.uuid();
  if (!named) return fail(named.error());
  if (named->empty() || *named == plan.uuid) return {};
  const std::string undo = applied ? "; undo what this one has done ('git annex dead " + plan.uuid +
                                         "', 'git remote remove " + plan.ours + "'" +
                                         (plan.ora.empty() ? "" : " and '" + plan.ora + "'") + "),"
                                   : ";";
  return fail(ErrorKind::transient, place.path() + " was connected by another clone just now, as " + *named +
                                        undo +
                                        " fetch its git-annex branch (datalad update), then connect again");
}

Status configure_place(StoreDataset& place, const std::string& uuid, bool http) {
  std::vector<Setting> settings{
      {"datalad.ora-remote.uuid", uuid}, {"receive.autogc", "false"}, {"receive.unpacklimit", "1"}};
  // What a post-update hook would do, at no inode and where hooks are switched off too.
  if (http) settings.push_back({"receive.updateserverinfo", "true"});
  if (auto set = place.configure(settings); !set || !http) return set;
  return place.update_server_info();
}

Status configure_verify_once(const Clone& clone, const std::string& storage) {
  const std::string section = "remote." + storage + ".";
  const Git git = clone.git();
  if (auto set = git.set_config(section + "annex-security-allow-unverified-downloads", "ACKTHPPT"); !set)
    return set;
  return git.set_config(section + "annex-verify", "false");
}

}  // namespace

Result<Connection> connect_dataset(const ConnectRequest& request) {
  auto work = look(request);
  if (!work) return failure_of(work);
  auto plan = check(*work);
  if (!plan) return failure_of(plan);
  auto place = make_place(*work);
  if (!place) return failure_of(place);
  if (auto confirmed = confirm_uuid(*place, *plan, false); !confirmed) return fail(confirmed.error());

  Connection connection{
      work->clone.path, work->clone.id.text(), place->path(), plan->ours, plan->ora, {}, {}};
  if (place->made()) connection.changes.push_back("made " + place->path());
  const auto remotes = apply_storage(work->clone, *plan);
  if (!remotes) return fail(remotes.error());
  connection.changes.insert(connection.changes.end(), remotes->begin(), remotes->end());
  if (auto confirmed = confirm_uuid(*place, *plan, true); !confirmed) return fail(confirmed.error());
  connection.uuid = plan->uuid;
  if (auto configured = configure_place(*place, plan->uuid, request.http); !configured)
    return fail(configured.error());
  if (request.alias) {
    const auto made = set_alias(work->store, work->clone.id, *request.alias);
    if (!made) return fail(made.error());
    if (*made) connection.changes.push_back("made alias " + request.alias->text());
  }
  const auto sibling = set_sibling(work->clone, request.sibling, place->path(), plan->ours);
  if (!sibling) return fail(sibling.error());
  if (*sibling) connection.changes.push_back("configured sibling " + request.sibling);
  if (request.verify_once)
    if (auto set = configure_verify_once(work->clone, plan->ours); !set) return fail(set.error());
  return connection;
}

}  // namespace microstage::cli
