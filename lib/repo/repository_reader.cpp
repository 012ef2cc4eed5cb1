#include "lib/repo/repository_reader.h"

#include "lib/annex/git_config.h"
#include "lib/core/text.h"
#include "lib/repo/dataset_tree.h"

namespace microstage::repo {

namespace {

constexpr int kMostTagsOfTags = 10;
constexpr int kMostTries = 20;  // while git-annex keeps emptying its journal under us

}  // namespace

Result<RepositoryReader> RepositoryReader::open(fs::FileOps& ops, const std::string& path,
                                                const Limits& limits) {
  auto directory = GitDirectory::open(ops, path, limits);
  if (!directory) return failure_of(directory);
  return RepositoryReader(std::move(*directory), limits);
}

Error RepositoryReader::here(Error error) const {
  if (error.message.find(directory_.name()) == std::string::npos)
    error.message = directory_.name() + ": " + error.message;
  return error;
}

Result<const ObjectDatabase*> RepositoryReader::objects() const {
  if (!objects_) {
    auto opened = ObjectDatabase::open(directory_.common());
    if (!opened) return failure_of(opened);
    objects_.emplace(std::move(*opened));
  }
  return &*objects_;
}

Result<ObjectId> RepositoryReader::find(std::string_view revision) const {
  if (revision.empty() || revision == "HEAD") {
    const auto head = directory_.head();
    if (!head) return fail(head.error());
    return head->commit;
  }
  const std::string name{revision};
  // Never a way out of the repository: such names are no references, and no commits.
  const bool plain = !name.starts_with('/') && name.find("..") == std::string::npos &&
                     name.find('\0') == std::string::npos && name.size() < limits_.path;
  for (const char* prefix : {"", "refs/tags/", "refs/heads/", "refs/remotes/"}) {
    if (!plain || (*prefix == '\0' && !name.starts_with("refs/"))) continue;
    const auto id = directory_.reference(prefix + name);
    if (id || id.error().kind != ErrorKind::not_found) return id;
  }
  const auto database = objects();
  if (!database) return fail(database.error());
  return (*database)->complete(revision);
}

Result<ObjectId> RepositoryReader::peel(ObjectId id) const {
  const auto database = objects();
  if (!database) return fail(database.error());
  for (int step = 0; step < kMostTagsOfTags; ++step) {
    const auto header = (*database)->header(id);
    if (!header) return fail(header.error());
    if (header->type == ObjectType::commit) return id;
    if (header->type != ObjectType::tag) break;
    const auto tag = (*database)->read(id, ObjectType::tag, limits_.text_object);
    if (!tag) return fail(tag.error());
    const auto target = target_of_tag(tag->bytes());
    if (!target) return fail(ErrorKind::integrity, directory_.name() + ": tag " + id.hex() + " is damaged");
    id = target->id;
  }
  return fail(ErrorKind::not_found, directory_.name() + ": " + id.hex() + " is no commit");
}

Result<ObjectId> RepositoryReader::resolve(std::string_view revision) const {
  const auto id = find(revision);
  return id ? peel(*id) : id;
}

// The journal first: what leaves it meanwhile is in the branches then.
Result<RepositoryState> RepositoryReader::state() const {
  RepositoryState state;
  auto journal = directory_.journal();
  if (!journal) return fail(journal.error());
  auto private_journal = directory_.private_journal();
  if (!private_journal) return fail(private_journal.error());
  auto branches = directory_.annex_branches();
  if (!branches) return fail(branches.error());
  const auto head = directory_.head();
  if (!head) return fail(head.error());
  state.head = head->commit;
  state.annex_branches = std::move(*branches);
  state.journal = std::move(*journal);
  state.private_journal = std::move(*private_journal);
  return state;
}

Result<ObjectId> RepositoryReader::root_of(const ObjectId& commit) const {
  const auto database = objects();
  if (!database) return fail(database.error());
  const auto object = (*database)->read(commit, ObjectType::commit, limits_.text_object);
  if (!object) return fail(object.error());
  const auto root = tree_of_commit(object->bytes());
  if (!root)
    return fail(ErrorKind::integrity, "commit " + commit.hex() + " names no tree; run git fsck there");
  return *root;
}

Result<SectionPlan> RepositoryReader::plan_at(const RepositoryState& state, const ObjectId& commit,
                                              std::string_view path) const {
  const auto root = root_of(commit);
  if (!root) return fail(root.error());
  auto tree = read_tree(*objects_, *root, path, limits_);
  if (!tree) return failure_of(tree);
  SectionPlan plan;
  plan.dataset = std::move(tree->dataset);
  plan.commit = commit;
  plan.files = std::move(tree->files);
  plan.subdatasets = std::move(tree->subdatasets);
  plan.tree_entries = tree->entries;
  plan.keys.reserve(tree->keys.size());
  for (const annex::Key& key : tree->keys)
    plan.keys.push_back({key.text(), key.content_size(), {}});
  AnnexBranch branch(*objects_, directory_, state, limits_);
  if (auto located = branch.locate(tree->keys, plan); !located) return fail(located.error());
  return plan;
}

Result<SectionPlan> RepositoryReader::plan_of(const RepositoryState& state, const ObjectId& commit) const {
  auto plan = plan_at(state, commit, {});
  if (!plan) return fail(here(plan.error()));
  return plan;
}

Result<SectionPlan> RepositoryReader::plan(std::string_view revision, std::string_view path) const {
  for (int tries = 1;; ++tries) {
    const auto state = this->state();
    if (!state) return fail(here(state.error()));
    const auto commit = resolve(revision);
    if (!commit) return fail(here(commit.error()));
    auto plan = plan_at(*state, *commit, path);
    if (plan) return plan;
    if (plan.error().kind != ErrorKind::source_changed || tries == kMostTries)
      return fail(here(plan.error()));
  }
}

Result<std::string> RepositoryReader::annex_uuid() const {
  const auto text = directory_.configuration();
  if (!text) return fail(here(text.error()));
  const auto config = annex::GitConfig::parse_file(*text);
  if (!config) return fail(here(config.error()));
  return config->value("annex.uuid").value_or("");
}

Result<std::optional<DatasetId>> RepositoryReader::dataset_id() const {
  const auto commit = resolve({});
  const auto root = commit ? root_of(*commit) : commit;
  if (!root) return fail(here(root.error()));
  auto id = read_dataset_id(*objects_, *root, limits_);
  if (!id) return fail(here(id.error()));
  return id;
}

}  // namespace microstage::repo
