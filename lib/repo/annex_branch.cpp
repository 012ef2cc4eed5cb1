#include "lib/repo/annex_branch.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "lib/annex/location_log.h"

namespace microstage::repo {

namespace {

bool same_files(const std::map<std::string, fs::FileStatus>& a,
                const std::map<std::string, fs::FileStatus>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.first == other.first && one.second.unchanged_since(other.second);
  });
}

// How the journal names a file of the branch.
std::string journal_name(std::string_view path) {
  std::string name;
  for (const char c : path) {
    if (c == '_') name += '_';
    name += c == '/' ? '_' : c;
  }
  return name;
}

// Gives each uuid a number in order of arrival.
class Numbers {
 public:
  std::uint32_t of(const std::string& uuid) {
    return numbers_.emplace(uuid, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }

  // The uuids by number.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names(numbers_.size());
    for (const auto& [uuid, number] : numbers_)
      names[number] = uuid;
    return names;
  }

 private:
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

// Brings the repositories, numbered in order of arrival, into order and leaves dead ones out.
void sort_repositories(const std::vector<std::string>& uuids, const std::set<std::string>& dead,
                       SectionPlan& plan) {
  for (std::size_t i = plan.repositories.size(); i < uuids.size(); ++i)
    plan.repositories.push_back({uuids[i], ""});
  std::erase_if(plan.repositories, [&](const AnnexRepository& one) { return dead.contains(one.uuid); });
  std::sort(plan.repositories.begin(), plan.repositories.end(),
            [](const AnnexRepository& a, const AnnexRepository& b) { return a.uuid < b.uuid; });
  std::unordered_map<std::string_view, std::uint32_t> places;
  for (const AnnexRepository& one : plan.repositories)
    places.emplace(one.uuid, static_cast<std::uint32_t>(places.size()));
  for (PlannedKey& key : plan.keys) {
    std::vector<std::uint32_t> sorted;
    for (const std::uint32_t number : key.repositories) {
      const auto place = places.find(uuids[number]);
      if (place != places.end()) sorted.push_back(place->second);
    }
    std::sort(sorted.begin(), sorted.end());
    key.repositories = std::move(sorted);
  }
}

}  // namespace

bool RepositoryState::unchanged_since(const RepositoryState& earlier) const {
  return head == earlier.head && annex_branches == earlier.annex_branches &&
         same_files(journal, earlier.journal) && same_files(private_journal, earlier.private_journal);
}

Status AnnexBranch::add_tree(const ObjectId& id, bool own, Trees& trees) const {
  Tree tree;
  tree.own = own;
  auto object = objects_.read(id, ObjectType::tree, limits_.tree_object);
  if (!object) return fail(object.error());
  tree.object = std::move(*object);
  auto entries = parse_tree(tree.object.bytes());
  if (!entries) return fail(entries.error());
  tree.entries = std::move(*entries);
  trees.push_back(std::move(tree));
  return {};
}

Status AnnexBranch::read_roots() {
  std::map<ObjectId, bool> commits;  // and whether it is our own
  for (const auto& [name, id] : state_.annex_branches)
    commits[id] |= name == "refs/heads/git-annex";
  if (commits.size() > limits_.annex_branches) {
    return fail(ErrorKind::invalid,
                directory_.name() + " has too many unmerged git-annex branches; run git annex merge there");
  }
  std::map<ObjectId, bool> trees;
  for (const auto& [id, own] : commits) {
    const auto commit = objects_.read(id, ObjectType::commit, limits_.text_object);
    if (!commit) return fail(commit.error());
    const auto tree = tree_of_commit(commit->bytes());
    if (!tree)
      return fail(ErrorKind::integrity, directory_.name() + ": commit " + id.hex() + " names no tree");
    trees[*tree] |= own;
  }
  for (const auto& [id, own] : trees)
    if (auto added = add_tree(id, own, roots_); !added) return added;
  return {};
}

Result<AnnexBranch::Trees> AnnexBranch::subtrees(const Trees& trees, std::string_view name) const {
  std::map<ObjectId, bool> found;
  for (const Tree& tree : trees) {
    for (const TreeEntry& entry : tree.entries)
      if (entry.kind == EntryKind::directory && entry.name == name) found[entry.id] |= tree.own;
  }
  Trees below;
  for (const auto& [id, own] : found)
    if (auto added = add_tree(id, own, below); !added) return fail(added.error());
  return below;
}

// Every version of the file `path`, whose directory is `trees`.
Result<std::vector<std::string>> AnnexBranch::texts(const Trees& trees, const std::string& path) const {
  std::vector<std::string> texts;
  const std::string journal = journal_name(path);
  const bool in_journal = state_.journal.contains(journal);
  for (const bool is_private : {false, true}) {
    if (is_private ? !state_.private_journal.contains(journal) : !in_journal) continue;
    auto text = is_private ? directory_.private_journal_file(journal) : directory_.journal_file(journal);
    if (!text && text.error().kind == ErrorKind::not_found)
      return fail(ErrorKind::source_changed, directory_.name() + ": git-annex keeps changing it; try again");
    if (!text) return failure_of(text);
    texts.push_back(std::move(*text));
  }
  const std::string_view name = std::string_view{path}.substr(path.rfind('/') + 1);
  std::map<ObjectId, bool> blobs;
  for (const Tree& tree : trees) {
    for (const TreeEntry& entry : tree.entries)
      if (entry.kind == EntryKind::file && entry.name == name) blobs[entry.id] |= tree.own;
  }
  for (const bool own : {true, false}) {
    for (const auto& [id, is_own] : blobs) {
      if (is_own != own || (own && in_journal)) continue;
      const auto blob = objects_.read(id, ObjectType::blob, limits_.text_object);
      if (!blob) return fail(blob.error());
      texts.emplace_back(blob->bytes());
    }
  }
  return texts;
}

// Puts all that were ever described into the plan, and returns those that are dead.
Result<std::set<std::string>> AnnexBranch::read_repositories(SectionPlan& plan) const {
  const auto read = [this](const char* path) -> Result<std::map<std::string, std::string>> {
    const auto versions = texts(roots_, path);
    if (!versions) return fail(versions.error());
    annex::RepositoryLog log;
    for (const std::string& text : *versions)
      log.merge(text);
    return log.values();
  };
  const auto trust = read("trust.log");
  if (!trust) return fail(trust.error());
  std::set<std::string> dead;
  for (const auto& [uuid, level] : *trust)
    if (level == "X") dead.insert(uuid);
  const auto described = read("uuid.log");
  if (!described) return fail(described.error());
  for (const auto& [uuid, description] : *described)
    plan.repositories.push_back({uuid, description});
  return dead;
}

// The repositories that have `key`, in whose directory we are.
Result<std::vector<std::string>> AnnexBranch::read_location(const annex::Key& key) const {
  const std::string file = key.file_name() + ".log";
  annex::LocationLog log;
  // Some repositories are tuned to have one level of directories.
  for (const auto& [trees, path] :
       {std::pair{&lower_, last_ + "/" + file}, std::pair{&upper_, last_.substr(0, 3) + "/" + file}}) {
    const auto versions = texts(*trees, path);
    if (!versions) return fail(versions.error());
    for (const std::string& text : *versions)
      log.merge(text);
  }
  return log.present();
}

// Down to the directory of the next key, by trees that are still open where the last key's are the same.
Status AnnexBranch::descend(const std::string& directories) {
  if (directories.compare(0, 3, last_, 0, 3) != 0) {
    auto trees = subtrees(roots_, std::string_view{directories}.substr(0, 3));
    if (!trees) return fail(trees.error());
    upper_ = std::move(*trees);
  }
  if (directories != last_) {
    auto trees = subtrees(upper_, std::string_view{directories}.substr(4));
    if (!trees) return fail(trees.error());
    lower_ = std::move(*trees);
  }
  last_ = directories;
  return {};
}

Status AnnexBranch::locate(const std::vector<annex::Key>& keys, SectionPlan& plan) {
  if (auto read = read_roots(); !read) return read;
  const auto dead = read_repositories(plan);
  if (!dead) return fail(dead.error());
  Numbers numbers;
  for (const AnnexRepository& repository : plan.repositories)
    numbers.of(repository.uuid);
  std::vector<Wanted> wanted(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    wanted[i] = {keys[i].branch_directories(), i};
  std::sort(wanted.begin(), wanted.end(),
            [](const Wanted& a, const Wanted& b) { return a.directories < b.directories; });
  for (const Wanted& one : wanted) {
    if (auto there = descend(one.directories); !there) return there;
    const auto uuids = read_location(keys[one.key]);
    if (!uuids) return fail(uuids.error());
    for (const std::string& uuid : *uuids)
      plan.keys[one.key].repositories.push_back(numbers.of(uuid));
  }
  sort_repositories(numbers.names(), *dead, plan);
  return {};
}

}  // namespace microstage::repo
