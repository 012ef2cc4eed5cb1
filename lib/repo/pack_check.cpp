#include "lib/repo/pack_check.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

namespace microstage::repo {

namespace {

constexpr std::size_t kLargestIndex = 1U << 30U;
constexpr std::uint64_t kReadWhole = 1U << 20U;  // of packs: fewer reads than one an object
constexpr std::size_t kLongestHeader = 64;
constexpr std::size_t kName = 20;
constexpr std::size_t kNone = static_cast<std::size_t>(-1);

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes)
    value = value << 8U | static_cast<unsigned char>(c);
  return value;
}

// An index: names in order, and where each object begins.
class Index {
 public:
  // False where it is no whole index of version 2.
  bool parse(std::string_view bytes) {
    constexpr std::string_view kMagic("\377tOc\0\0\0\2", 8);
    constexpr std::size_t kFan = 8;
    constexpr std::size_t kNames = kFan + 256 * 4;
    if (!bytes.starts_with(kMagic) || bytes.size() < kNames + 2 * kName) return false;
    const std::uint64_t count = big_endian(bytes.substr(kNames - 4, 4));
    if (count > (bytes.size() - kNames) / (kName + 8)) return false;
    names_ = bytes.substr(kNames, count * kName);
    const std::string_view offsets = bytes.substr(kNames + count * (kName + 4), count * 4);
    const std::string_view large = bytes.substr(kNames + count * (kName + 8));
    for (std::size_t i = 0; i < count; ++i) {
      std::uint64_t offset = big_endian(offsets.substr(i * 4, 4));
      if ((offset >> 31U) != 0) {
        const std::size_t place = (offset & 0x7fffffffU) * 8;
        if (place + 8 > large.size()) return false;
        offset = big_endian(large.substr(place, 8));
      }
      offsets_.push_back(offset);
    }
    return true;
  }

  [[nodiscard]] const std::vector<std::uint64_t>& offsets() const { return offsets_; }

  [[nodiscard]] std::size_t find(std::string_view name) const {
    std::size_t low = 0;
    std::size_t high = offsets_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      const int order = names_.compare(middle * kName, kName, name);
      if (order == 0) return middle;
      (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return kNone;
  }

 private:
  std::string_view names_;
  std::vector<std::uint64_t> offsets_;
};

// The beginning of an object: what it is a delta to, if it is one.
struct Header {
  std::string_view base_name;                // of an object in the same pack
  std::optional<std::uint64_t> base_offset;  // always before the object
};

std::optional<Header> parse_header(std::string_view bytes, std::uint64_t offset) {
  constexpr unsigned kOffsetDelta = 6;
  constexpr unsigned kNameDelta = 7;
  std::size_t at = 0;
  const auto next = [&]() -> unsigned {
    return at < bytes.size() ? static_cast<unsigned char>(bytes[at++]) : 0;
  };
  if (bytes.empty()) return std::nullopt;
  unsigned byte = next();
  const unsigned type = byte >> 4U & 7U;
  while ((byte & 0x80U) != 0)
    byte = next();
  Header header;
  if (type == kNameDelta) {
    if (bytes.size() - at < kName) return std::nullopt;
    header.base_name = bytes.substr(at, kName);
  } else if (type == kOffsetDelta) {
    byte = next();
    std::uint64_t distance = byte & 0x7fU;
    while ((byte & 0x80U) != 0 && distance < (std::uint64_t{1} << 56U)) {
      byte = next();
      distance = ((distance + 1) << 7U) | (byte & 0x7fU);
    }
    if (distance == 0 || distance > offset) return std::nullopt;
    header.base_offset = offset - distance;
  }
  return header;
}

// Reads pieces of a pack, all of a small one at once.
class Pack {
 public:
  explicit Pack(const fs::File& file) : file_(file) {}

  Status begin(std::uint64_t size) {
    if (size > kReadWhole) return {};
    whole_ = true;
    return fill(size, 0);
  }

  Result<std::string_view> at(std::uint64_t offset) {
    if (whole_)
      return std::string_view{bytes_}.substr(std::min<std::uint64_t>(offset, bytes_.size()), kLongestHeader);
    if (auto filled = fill(kLongestHeader, offset); !filled) return fail(filled.error());
    return std::string_view{bytes_};
  }

 private:
  Status fill(std::size_t size, std::uint64_t offset) {
    bytes_.resize(size);
    const auto count = file_.read_at(std::as_writable_bytes(std::span(bytes_)), offset);
    if (!count) return fail(count.error());
    bytes_.resize(*count);
    return {};
  }

  const fs::File& file_;
  bool whole_ = false;
  std::string bytes_;
};

// The object that each is a delta to; kNone for those that are whole.
Result<std::vector<std::size_t>> bases_of(const Index& index, Pack& pack, const std::string& name) {
  const auto& offsets = index.offsets();
  std::vector<std::size_t> bases(offsets.size(), kNone);
  std::vector<std::size_t> by_offset;
  for (std::size_t i = 0; i < offsets.size(); ++i)
    by_offset.push_back(i);
  std::sort(by_offset.begin(), by_offset.end(),
            [&](std::size_t a, std::size_t b) { return offsets[a] < offsets[b]; });
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const auto bytes = pack.at(offsets[i]);
    if (!bytes) return fail(bytes.error());
    const auto header = parse_header(*bytes, offsets[i]);
    if (!header) return fail(ErrorKind::integrity, name + " does not fit its pack; run git fsck there");
    if (!header->base_name.empty()) bases[i] = index.find(header->base_name);
    if (!header->base_offset) continue;
    const auto base =
        std::lower_bound(by_offset.begin(), by_offset.end(), *header->base_offset,
                         [&](std::size_t one, std::uint64_t offset) { return offsets[one] < offset; });
    if (base != by_offset.end() && offsets[*base] == *header->base_offset) bases[i] = *base;
  }
  return bases;
}

// Each object has at most one base, so every way is gone once.
bool has_circle(const std::vector<std::size_t>& bases) {
  std::vector<std::size_t> walked_by(bases.size(), kNone);
  for (std::size_t start = 0; start < bases.size(); ++start) {
    std::size_t at = start;
    while (at != kNone && walked_by[at] == kNone) {
      walked_by[at] = start;
      at = bases[at];
    }
    if (at != kNone && walked_by[at] == start) return true;
  }
  return false;
}

}  // namespace

Status check_pack(const fs::Directory& directory, const std::string& name) {
  const auto index_file = directory.open_file(name, O_RDONLY | O_NONBLOCK);
  if (!index_file) return fail(index_file.error());
  const auto index_status = index_file->status();
  if (!index_status) return fail(index_status.error());
  if (index_status->size > kLargestIndex)
    return fail(ErrorKind::invalid, directory.name_of(name) + " is larger than any index that is read");
  const auto bytes = read_small_file(*index_file, static_cast<std::size_t>(index_status->size));
  if (!bytes) return fail(bytes.error());
  Index index;
  if (!index.parse(*bytes)) {
    return fail(
        ErrorKind::unsupported,
        directory.name_of(name) + " is no index of a pack that can be read; run git repack -ad there");
  }
  const auto file = directory.open_file(name.substr(0, name.size() - 4) + ".pack", O_RDONLY | O_NONBLOCK);
  if (!file) return fail(file.error());
  const auto status = file->status();
  if (!status) return fail(status.error());
  Pack pack(*file);
  if (auto begun = pack.begin(status->size); !begun) return begun;
  const auto bases = bases_of(index, pack, directory.name_of(name));
  if (!bases) return fail(bases.error());
  if (!has_circle(*bases)) return {};
  return fail(ErrorKind::integrity,
              directory.name_of(name) + ": deltas of its pack lead to themselves; remove it");
}

}  // namespace microstage::repo
