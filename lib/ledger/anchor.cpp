#include "lib/ledger/anchor.h"

#include <cerrno>

#include "lib/core/text.h"
#include "lib/fs/file.h"

namespace microstage::ledger {

namespace {

Result<bool> ends_in_a_line(const fs::File& file, std::uint64_t size) {
  if (size == 0) return true;
  std::byte last{};
  const auto count = file.read_at({&last, 1}, size - 1);
  if (!count) return fail(count.error());
  return last == std::byte{'\n'};
}

bool parse_anchor(std::string_view line, Head& head) {
  const auto words = split(line, ' ');
  std::uint64_t time = 0;
  if (words.size() != 3 || !parse_decimal(words[1], time)) return false;
  const auto parsed = parse_head(words[0]);
  if (parsed) head = *parsed;
  return parsed.has_value();
}

// The start of an anchor that was never finished, ended by the line feed of the one after it.
bool is_torn(std::string_view line) {
  return split(line, ' ').size() < 3;
}

}  // namespace

std::string anchor_path(const std::string& ledger) {
  return ledger + "-heads";
}

Status append_anchor(fs::FileOps& ops, const std::string& path, const Head& head, std::int64_t time,
                     std::string_view version) {
  const auto file = fs::File::open(ops, path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0644);
  if (!file) return fail(file.error());
  const auto status = file->status();
  if (!status) return fail(status.error());
  const auto whole = ends_in_a_line(*file, status->size);
  if (!whole) return fail(whole.error());
  const std::string line =
      (*whole ? "" : "\n") + to_text(head) + " " + std::to_string(time) + " " + std::string{version} + "\n";
  if (auto written = file->write_at(std::as_bytes(std::span(line)), status->size); !written) return written;
  return file->sync();
}

Result<std::vector<Head>> read_anchors(fs::FileOps& ops, const std::string& path) {
  std::vector<Head> heads;
  const auto file = fs::File::open(ops, path, O_RDONLY | O_NOFOLLOW);
  if (!file && file.error().code == ENOENT) return heads;
  if (!file) return fail(file.error());
  const auto status = file->status();
  if (!status) return fail(status.error());
  constexpr std::size_t kMeanwhile = 65536;  // what a daemon may append while we read
  const auto text = fs::read_small_file(*file, status->size + kMeanwhile);
  if (!text) return fail(text.error());
  std::string_view left = *text;
  for (std::size_t number = 1, end = left.find('\n'); end != std::string_view::npos;
       end = left.find('\n'), ++number) {
    Head head;
    const std::string_view line = left.substr(0, end);
    left.remove_prefix(end + 1);
    if (parse_anchor(line, head)) {
      heads.push_back(head);
    } else if (!is_torn(line)) {
      return fail(ErrorKind::integrity,
                  path + ": line " + std::to_string(number) + " is no head of a ledger");
    }
  }
  return heads;
}

}  // namespace microstage::ledger
