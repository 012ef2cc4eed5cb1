#include "lib/repo/git_directory.h"

#include "lib/core/text.h"

namespace microstage::repo {

namespace {

constexpr std::size_t kLongestRef = 4096;
constexpr int kMostSymbolicRefs = 5;
constexpr int kDeepestRefs = 16;
constexpr std::size_t kSha256Digits = 64;
constexpr std::string_view kAnnexBranch = "git-annex";

bool is_missing(const Error& error) {
  return error.code == ENOENT || error.code == ENOTDIR;
}

Error sha256(const std::string& name) {
  return {ErrorKind::unsupported, name + " is a repository in git's SHA-256 format, which cannot be read", 0};
}

std::string_view first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  while (!text.empty() && (text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  return text;
}

bool is_annex_branch(std::string_view name) {
  if (!name.starts_with("refs/heads/") && !name.starts_with("refs/remotes/")) return false;
  return name.substr(name.rfind('/') + 1) == kAnnexBranch;
}

Result<fs::Directory> no_dataset(const std::string& path) {
  return fail(ErrorKind::not_found, "there is no git repository at " + path);
}

// A .git that is a file: "gitdir: PATH", from the directory it lies in.
Result<fs::Directory> follow_file(fs::FileOps& ops, const std::string& path, const fs::Directory& top) {
  const auto file = top.open_file(".git", O_RDONLY | O_NONBLOCK);
  if (!file) return fail(file.error());
  const auto text = read_small_file(*file, kLongestRef);
  if (!text) return fail(text.error());
  std::string_view target = first_line(*text);
  if (!consume_prefix(target, "gitdir: ")) return no_dataset(path);
  return fs::Directory::open(ops, target.starts_with('/') ? std::string{target} : top.name_of(target));
}

Result<fs::Directory> find_git_directory(fs::FileOps& ops, const std::string& path) {
  const auto top = fs::Directory::open(ops, path);
  if (!top && is_missing(top.error())) return no_dataset(path);
  if (!top) return fail(top.error());
  auto inner = fs::Directory::open(ops, top->name_of(".git"));
  if (inner) return inner;
  if (inner.error().code == ENOTDIR) return follow_file(ops, path, *top);
  if (!is_missing(inner.error())) return inner;
  const auto objects = top->status_of("objects");
  if (objects && objects->is_directory()) return fs::Directory::open(ops, path);
  if (!objects && !is_missing(objects.error())) return fail(objects.error());
  return no_dataset(path);
}

}  // namespace

Result<std::string> GitDirectory::read(const fs::Directory& directory, const std::string& name,
                                       std::size_t limit) const {
  const auto file = directory.open_file(name, O_RDONLY | O_NONBLOCK);
  if (!file) return fail(file.error());
  const auto status = file->status();
  if (!status) return fail(status.error());
  if (status->is_directory()) return fail(ErrorKind::not_found, file->name() + " is a directory", EISDIR);
  if (!status->is_regular()) return fail(ErrorKind::invalid, file->name() + " is no regular file; remove it");
  if (status->size > limit) {
    return fail(ErrorKind::invalid,
                file->name() + " is longer than the " + std::to_string(limit) + " bytes that are read of it");
  }
  return read_small_file(*file, static_cast<std::size_t>(status->size));
}

Result<GitDirectory> GitDirectory::open(fs::FileOps& ops, const std::string& path, const Limits& limits) {
  auto own = find_git_directory(ops, path);
  if (!own) return failure_of(own);
  GitDirectory made(std::move(*own), limits);
  if (auto found = made.find_common(); !found) return fail(found.error());
  return made;
}

Status GitDirectory::find_common() {
  const auto text = read(own_, "commondir", kLongestRef);
  if (!text && is_missing(text.error())) return {};
  if (!text) return fail(text.error());
  const std::string_view target = first_line(*text);
  auto common =
      fs::Directory::open(own_.ops(), target.starts_with('/') ? std::string{target} : own_.name_of(target));
  if (!common) return fail(common.error());
  common_.emplace(std::move(*common));
  return {};
}

Status GitDirectory::read_packed_refs() const {
  const auto status = common().status_of("packed-refs");
  if (!status && !is_missing(status.error())) return fail(status.error());
  if (status && packed_status_ && status->unchanged_since(*packed_status_)) return {};
  packed_.clear();
  packed_status_.reset();
  if (!status) return {};
  const auto text = read(common(), "packed-refs", limits_.packed_refs);
  if (!text) return fail(text.error());
  for (const std::string_view line : split(*text, '\n')) {
    if (line.empty() || line.front() == '#' || line.front() == '^') continue;
    const std::size_t blank = line.find(' ');
    const auto id = ObjectId::parse(line.substr(0, blank));
    if (id && blank != std::string_view::npos) packed_.emplace(line.substr(blank + 1), *id);
    if (!id && blank == kSha256Digits) return fail(sha256(name()));
  }
  packed_status_ = *status;
  return {};
}

Result<ObjectId> GitDirectory::follow(std::string name, std::string& last) const {
  for (int step = 0; step <= kMostSymbolicRefs; ++step) {
    last = name;
    const auto text = read(name == "HEAD" ? own_ : common(), name, kLongestRef);
    if (!text && !is_missing(text.error()) && text.error().code != EISDIR) return fail(text.error());
    if (!text) {
      if (auto read = read_packed_refs(); !read) return fail(read.error());
      const auto packed = packed_.find(name);
      if (packed != packed_.end()) return packed->second;
      return fail(ErrorKind::not_found, this->name() + " has no " + one_line(name));
    }
    std::string_view value = first_line(*text);
    if (const auto id = ObjectId::parse(value)) return *id;
    if (value.size() == kSha256Digits &&
        value.find_first_not_of("0123456789abcdef") == std::string_view::npos)
      return fail(sha256(this->name()));
    if (!consume_prefix(value, "ref: ") || !value.starts_with("refs/")) {
      return fail(ErrorKind::integrity,
                  this->name() + ": " + one_line(name) + " is no reference; run git fsck there");
    }
    if (value == "refs/heads/.invalid") {
      return fail(ErrorKind::unsupported,
                  this->name() + " keeps its references in git's reftable format, which cannot be read");
    }
    name = value;
  }
  return fail(ErrorKind::integrity, this->name() + ": " + one_line(name) + " leads round in a circle");
}

Result<Head> GitDirectory::head() const {
  std::string last;
  const auto id = follow("HEAD", last);
  if (id) return Head{last == "HEAD" ? "" : last, *id};
  if (id.error().kind != ErrorKind::not_found) return fail(id.error());
  return fail(ErrorKind::not_found, name() + " has no commit yet on " + one_line(last));
}

Result<ObjectId> GitDirectory::reference(const std::string& name) const {
  std::string last;
  return follow(name, last);
}

Status GitDirectory::collect(const fs::Directory& directory, const std::string& name, int depth,
                             std::size_t& seen, std::map<std::string, ObjectId>& found) const {
  const auto names = directory.list();
  if (!names) return fail(names.error());
  seen += names->size();
  if (seen > limits_.refs || depth > kDeepestRefs)
    return fail(ErrorKind::invalid, this->name() + " has too many references, or too deep ones");
  for (const std::string& child : *names) {
    const std::string full = name + "/" + child;
    const auto status = directory.status_of(child);
    if (!status && is_missing(status.error())) continue;  // just packed or removed
    if (!status) return fail(status.error());
    if (status->is_directory()) {
      const auto below = directory.open_directory(child);
      if (!below && is_missing(below.error())) continue;
      const auto collected = below ? collect(*below, full, depth + 1, seen, found) : fail(below.error());
      if (!collected) return collected;
    } else if (child == kAnnexBranch) {
      const auto id = reference(full);
      if (id) found[full] = *id;
      if (!id && id.error().kind != ErrorKind::not_found) return fail(id.error());
    }
  }
  return {};
}

Result<std::map<std::string, ObjectId>> GitDirectory::annex_branches() const {
  std::map<std::string, ObjectId> found;
  std::size_t seen = 0;
  for (const char* top : {"refs/heads", "refs/remotes"}) {
    const auto directory = common().open_directory(top);
    if (!directory && is_missing(directory.error())) continue;
    const auto collected = directory ? collect(*directory, top, 0, seen, found) : fail(directory.error());
    if (!collected) return fail(collected.error());
  }
  if (auto packed = read_packed_refs(); !packed) return fail(packed.error());
  for (const auto& [name, id] : packed_)
    if (is_annex_branch(name)) found.emplace(name, id);
  return found;
}

Result<std::string> GitDirectory::configuration() const {
  auto text = read(common(), "config", limits_.text_object);
  if (!text && is_missing(text.error())) return std::string{};
  return text;
}

Result<std::map<std::string, fs::FileStatus>> GitDirectory::list_journal(const std::string& name) const {
  std::map<std::string, fs::FileStatus> files;
  const auto directory = fs::Directory::open(common().ops(), common().name_of(name));
  if (!directory && is_missing(directory.error())) return files;
  if (!directory) return fail(directory.error());
  const auto names = directory->list();
  if (!names) return fail(names.error());
  if (names->size() > limits_.journal_files)
    return fail(ErrorKind::invalid, directory->name() + " has too many files; run git annex merge there");
  for (const std::string& file : *names) {
    const auto status = directory->status_of(file);
    if (status && status->is_regular()) files.emplace(file, *status);
    if (!status && !is_missing(status.error())) return fail(status.error());
  }
  return files;
}

Result<std::string> GitDirectory::read_journal(const std::string& directory, const std::string& name) const {
  const auto opened = fs::Directory::open(common().ops(), common().name_of(directory));
  if (!opened) return fail(opened.error());
  auto text = read(*opened, name, limits_.text_object);
  // A line that is still being written counts for nothing.
  if (text && !text->ends_with('\n')) text->resize(text->rfind('\n') + 1);
  return text;
}

Result<std::map<std::string, fs::FileStatus>> GitDirectory::journal() const {
  return list_journal("annex/journal");
}

Result<std::map<std::string, fs::FileStatus>> GitDirectory::private_journal() const {
  return list_journal("annex/journal-private");
}

Result<std::string> GitDirectory::journal_file(const std::string& name) const {
  return read_journal("annex/journal", name);
}

Result<std::string> GitDirectory::private_journal_file(const std::string& name) const {
  return read_journal("annex/journal-private", name);
}

}  // namespace microstage::repo
