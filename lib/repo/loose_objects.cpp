#include "lib/repo/loose_objects.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "lib/core/text.h"

namespace microstage::repo {

namespace {

constexpr std::size_t kLongestHeader = 32;
constexpr std::array kTypes{ObjectType::commit, ObjectType::tree, ObjectType::blob, ObjectType::tag};

// A zlib stream that ends with its destruction.
class Inflater {
 public:
  explicit Inflater(std::string_view bytes) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib only reads there
    stream_.avail_in = static_cast<uInt>(bytes.size());
    good_ = inflateInit(&stream_) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Unpacks until `out` is full or the stream ends; how much that was. Nothing for a damaged or cut stream.
  std::optional<std::size_t> fill(std::span<char> out) {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    while (good_ && !ended_ && stream_.avail_out > 0) {
      const int result = inflate(&stream_, Z_NO_FLUSH);
      ended_ = result == Z_STREAM_END;
      good_ = result == Z_OK || ended_;  // Z_BUF_ERROR: the input has ended too early
    }
    if (!good_) return std::nullopt;
    return out.size() - stream_.avail_out;
  }

  // Whether nothing follows, and the checksum is right.
  bool ends() {
    std::array<char, 1> more{};
    return fill(more) == std::size_t{0} && ended_;
  }

 private:
  z_stream stream_{};
  bool good_ = false;
  bool ended_ = false;
};

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::integrity, "it is cut off or damaged");
}

// "TYPE SIZE"
bool parse_header(std::string_view header, LooseObject& object) {
  const std::size_t blank = header.find(' ');
  if (blank == std::string_view::npos || !parse_decimal(header.substr(blank + 1), object.size)) return false;
  const auto type = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](ObjectType one) { return name(one) == header.substr(0, blank); });
  if (type == kTypes.end()) return false;
  object.type = *type;
  return true;
}

}  // namespace

std::string_view name(ObjectType type) {
  switch (type) {
    case ObjectType::commit:
      return "commit";
    case ObjectType::tree:
      return "tree";
    case ObjectType::blob:
      return "blob";
    case ObjectType::tag:
      return "tag";
  }
  return "object";
}

Result<LooseObject> parse_loose_object(std::string_view bytes, std::size_t limit) {
  Inflater inflater(bytes);
  std::array<char, kLongestHeader> start{};
  const auto count = inflater.fill(start);
  if (!count) return damaged();
  const std::string_view head(start.data(), *count);
  const std::size_t end = head.find('\0');
  LooseObject object;
  if (end == std::string_view::npos || !parse_header(head.substr(0, end), object)) return damaged();
  if (object.size > limit) return object;
  const std::string_view first = head.substr(end + 1);
  if (first.size() > object.size) return damaged();
  object.bytes.resize(static_cast<std::size_t>(object.size));
  std::copy(first.begin(), first.end(), object.bytes.begin());
  const std::span<char> rest = std::span(object.bytes).subspan(first.size());
  if (inflater.fill(rest) != rest.size() || !inflater.ends()) return damaged();
  return object;
}

Result<LooseObjects> LooseObjects::open(fs::Directory objects) {
  LooseObjects made(std::move(objects));
  if (auto refreshed = made.refresh(); !refreshed) return fail(refreshed.error());
  return made;
}

Status LooseObjects::refresh() {
  const auto names = directory_.list();
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const auto id = name.size() == 2 ? ObjectId::parse(name + std::string(38, '0')) : std::nullopt;
    if (id) fans_[id->bytes.front()] = true;
  }
  return {};
}

Result<std::optional<LooseObject>> LooseObjects::read(const ObjectId& id, std::size_t limit) const {
  if (!fans_[id.bytes.front()]) return std::optional<LooseObject>{};
  const std::string hex = id.hex();
  const auto file = directory_.open_file(hex.substr(0, 2) + "/" + hex.substr(2), O_RDONLY | O_NONBLOCK);
  if (!file && (file.error().code == ENOENT || file.error().code == ENOTDIR))
    return std::optional<LooseObject>{};
  const auto status = file ? file->status() : fail(file.error());
  if (!status) return fail(status.error());
  if (!status->is_regular()) return fail(ErrorKind::invalid, file->name() + " is no regular file; remove it");
  // Content that does not shrink much is longer than the limit, too; what remains to be read is bounded.
  const std::size_t most = 2 * limit + 4096;
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(status->size, most)), '\0');
  const auto count = file->read_at(std::as_writable_bytes(std::span(bytes)), 0);
  if (!count) return fail(count.error());
  auto object = parse_loose_object(std::string_view{bytes}.substr(0, *count), limit);
  if (!object) {
    return fail(object.error().kind, "git object " + file->name() + ": " + object.error().message +
                                         "; run git fsck there, and fetch the dataset again");
  }
  return std::optional<LooseObject>{std::move(*object)};
}

Result<std::vector<ObjectId>> LooseObjects::find(std::string_view digits, std::size_t most) const {
  std::vector<ObjectId> found;
  const std::string fan{digits.substr(0, 2)};
  const auto directory = directory_.open_directory(fan);
  if (!directory && (directory.error().code == ENOENT || directory.error().code == ENOTDIR)) return found;
  const auto names = directory ? directory->list() : fail(directory.error());
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const auto id = ObjectId::parse(fan + name);
    if (id && found.size() < most && id->hex().starts_with(digits)) found.push_back(*id);
  }
  return found;
}

}  // namespace microstage::repo
