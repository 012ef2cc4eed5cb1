#include "daemon/cli/store_alias.h"

#include <cerrno>

#include "daemon/cli/store_dataset.h"
#include "daemon/cli/store_files.h"

namespace microstage::cli {

Result<bool> check_alias(const store::RiaStore& store, const DatasetId& id, const Alias& alias) {
  const std::string name = "alias/" + alias.text();
  const auto link = exists(store.root(), name);
  if (!link) return fail(link.error());
  if (!*link) return false;
  // Links are followed here on purpose: where it leads is the question.
  const auto target = fs::Directory::open(store.root().ops(), store.path() + "/" + name);
  const auto ours = store.root().status_of(id.store_path());
  const auto theirs = target ? target->status() : fail(target.error());
  if (ours && theirs && ours->identity == theirs->identity) return true;
  return fail(ErrorKind::invalid, "the alias " + alias.text() + " in " + store.path() +
                                      (theirs ? " names another dataset" : " leads nowhere") +
                                      "; choose another, or remove " + store.path() + "/" + name);
}

Result<bool> set_alias(const store::RiaStore& store, const DatasetId& id, const Alias& alias) {
  const auto there = check_alias(store, id, alias);
  if (!there || *there) return there ? Result<bool>{false} : there;
  const auto sharing = sharing_of(store);
  if (!sharing) return fail(sharing.error());
  const auto aliases = store.root().make_path("alias", fs::Sharing::parse(*sharing).value_or(fs::Sharing{}));
  if (!aliases) return fail(aliases.error());
  auto linked = aliases->make_symlink("../" + id.store_path(), alias.text());
  if (!linked && linked.error().code == EEXIST) return check_alias(store, id, alias);
  if (!linked) return fail(linked.error());
  if (auto synced = aliases->sync(); !synced) return fail(synced.error());
  return true;
}

}  // namespace microstage::cli
