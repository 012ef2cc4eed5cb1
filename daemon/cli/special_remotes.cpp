#include "daemon/cli/special_remotes.h"

#include <algorithm>
#include <charconv>

#include "lib/core/text.h"
#include "lib/fs/file.h"
#include "lib/store/ria_url.h"

namespace microstage::cli {

namespace {

// git-annex writes white space and "&" in a value as "&32;": the character's number.
std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find(';');
    unsigned code = 0;
    if (text.front() == '&' && end != std::string_view::npos) {
      const char* last = text.data() + end;
      const auto [stop, error] = std::from_chars(text.data() + 1, last, code);
      constexpr unsigned kLastAscii = 127;
      if (error == std::errc{} && stop == last && code <= kLastAscii) {
        out += static_cast<char>(code);
        text.remove_prefix(end + 1);
        continue;
      }
    }
    out += text.front();
    text.remove_prefix(1);
  }
  return out;
}

struct Line {
  SpecialRemote remote;
  double time = 0;
};

Line parse_line(std::string_view text) {
  Line line;
  for (const std::string_view word : split(text, ' ')) {
    const std::size_t equals = word.find('=');
    if (line.remote.config_uuid.empty()) {
      line.remote.config_uuid = word;
    } else if (word.starts_with("timestamp=")) {
      std::from_chars(word.data() + equals + 1, word.data() + word.size(), line.time);
    } else if (equals != std::string_view::npos) {
      line.remote.fields[std::string{word.substr(0, equals)}] = unescape(word.substr(equals + 1));
    }
  }
  return line;
}

// Whether refs that git-annex would merge before it reads its branch are still unmerged, or a killed command
// left this log in the journal.
Result<bool> needs_merge(const Clone& clone) {
  const std::string journal = clone.git_directory + "/annex/journal/remote.log";
  if (fs::File::open(fs::posix_file_ops(), journal, O_RDONLY)) return true;
  const auto unmerged = clone.git().run(
      {"for-each-ref", "--no-merged=refs/heads/git-annex", "--count=1", "refs/remotes/*/git-annex"});
  if (!unmerged) return fail(unmerged.error());
  return unmerged->exit_status != 0 || !unmerged->output.empty();
}

// However it is spelt: with a trailing slash, with %20 for a blank.
bool same_url(std::string_view one, std::string_view other) {
  const auto first = store::RiaUrl::parse(one);
  const auto second = store::RiaUrl::parse(other);
  return first && second ? first->text() == second->text() : one == other;
}

}  // namespace

std::string SpecialRemote::field(const std::string& name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string{} : found->second;
}

std::string SpecialRemote::uuid() const {
  return is_sameas() ? field("sameas-uuid") : config_uuid;
}

SpecialRemotes parse_remote_log(std::string_view text) {
  std::map<std::string, Line> newest;
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    Line parsed = parse_line(line);
    Line& known = newest[parsed.remote.config_uuid];
    if (known.remote.config_uuid.empty() || parsed.time > known.time) known = std::move(parsed);
  }
  SpecialRemotes remotes;
  for (auto& [uuid, line] : newest)
    remotes.push_back(std::move(line.remote));
  return remotes;
}

Result<SpecialRemotes> read_special_remotes(const Clone& clone) {
  const auto unmerged = needs_merge(clone);
  if (!unmerged) return fail(unmerged.error());
  if (*unmerged)
    if (auto merged = clone.git().annex({"merge", "--quiet"}); !merged) return fail(merged.error());
  const auto object =
      clone.git().run({"rev-parse", "--quiet", "--verify", "refs/heads/git-annex:remote.log"});
  if (!object) return fail(object.error());
  if (object->exit_status != 0) return SpecialRemotes{};
  const auto text = clone.git().output({"cat-file", "blob", one_line(object->output)});
  if (!text) return fail(text.error());
  return parse_remote_log(*text);
}

SpecialRemotes with_uuid(const SpecialRemotes& remotes, const std::string& uuid) {
  SpecialRemotes found;
  for (const SpecialRemote& remote : remotes)
    if (remote.uuid() == uuid) found.push_back(remote);
  std::stable_partition(found.begin(), found.end(), [](const SpecialRemote& r) { return !r.is_sameas(); });
  return found;
}

std::string find_storage(const SpecialRemotes& remotes, const std::string& url, const DatasetId& id) {
  const SpecialRemote* best = nullptr;
  for (const SpecialRemote& remote : remotes) {
    const bool here = same_url(remote.field("url"), url) || same_url(remote.field("push-url"), url);
    if (!remote.is_storage() || remote.is_sameas() || !here || remote.field("archive-id") != id.text())
      continue;
    if (best == nullptr || remote.name() < best->name()) best = &remote;
  }
  return best == nullptr ? std::string{} : best->uuid();
}

}  // namespace microstage::cli
