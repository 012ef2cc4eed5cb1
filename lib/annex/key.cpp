#include "lib/annex/key.h"

#include <algorithm>
#include <array>

#include "lib/core/text.h"

namespace microstage::annex {

namespace {

constexpr std::size_t kLongestFileName = 255;

Result<Key> not_a_key(std::string_view text, std::string_view why) {
  return fail(ErrorKind::invalid, "'" + one_line(text) + "' is no git-annex key: " + std::string{why});
}

bool is_unprintable(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x20 || byte == 0x7f;
}

// One "-xNUMBER" field at the start of `rest`.
bool take_field(std::string_view& rest, char letter, std::string_view& field, std::uint64_t& value) {
  if (rest.size() < 3 || rest[0] != '-' || rest[1] != letter) return false;
  const std::size_t end = std::min(rest.find('-', 2), rest.size());
  if (!parse_decimal(rest.substr(2, end - 2), value)) return false;
  field = rest.substr(0, end);
  rest.remove_prefix(end);
  return true;
}

}  // namespace

Result<Key> Key::parse(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), is_unprintable))
    return not_a_key(text, "it has white space in it");
  const std::size_t dash = text.find('-');
  if (dash == 0 || dash == std::string_view::npos) return not_a_key(text, "it names no backend");
  Key key;
  key.text_ = text;
  key.backend_ = text.substr(0, dash);
  std::string_view rest = text.substr(dash);
  std::string_view field;
  std::uint64_t value = 0;
  if (take_field(rest, 's', field, value)) {
    key.size_ = value;
    key.fields_ += field;
  }
  if (take_field(rest, 'm', field, value)) key.fields_ += field;
  if (take_field(rest, 'S', field, value)) {
    key.chunk_size_ = value;
    if (!take_field(rest, 'C', field, key.chunk_number_) || key.chunk_number_ == 0 || value == 0)
      return not_a_key(text, "its chunk fields are incomplete");
  }
  if (!consume_prefix(rest, "--") || rest.empty()) return not_a_key(text, "the part after -- is missing");
  key.name_ = rest;
  const std::string file_name = key.file_name();
  if (file_name.size() > kLongestFileName) return not_a_key(text, "it is too long for a file name");
  return key;
}

std::optional<std::uint64_t> Key::content_size() const {
  if (!chunk_size_ || !size_) return chunk_size_ ? std::nullopt : size_;
  // Saturating: a hostile key can claim chunk 2^60 of anything.
  const std::uint64_t whole_chunks = *size_ / *chunk_size_;
  if (chunk_number_ <= whole_chunks) return chunk_size_;
  if (chunk_number_ == whole_chunks + 1) return *size_ % *chunk_size_;
  return 0;
}

std::string Key::file_name() const {
  std::string name;
  name.reserve(text_.size());
  for (const char c : text_) {
    switch (c) {
      case '&':
        name += "&a";
        break;
      case '%':
        name += "&s";
        break;
      case ':':
        name += "&c";
        break;
      case '/':
        name += '%';
        break;
      default:
        name += c;
    }
  }
  return name;
}

std::string Key::unescape_file_name(std::string_view name) {
  std::string key;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char next = i + 1 < name.size() ? name[i + 1] : '\0';
    const bool escape = name[i] == '&' && (next == 'a' || next == 's' || next == 'c');
    if (escape) {
      key += next == 'a' ? '&' : next == 's' ? '%' : ':';
      ++i;
    } else {
      key += name[i] == '%' ? '/' : name[i];
    }
  }
  return key;
}

std::string Key::hashed_text() const {
  if (!is_chunk()) return file_name();
  Key parent;
  parent.text_ = backend_ + fields_ + "--" + name_;
  return parent.file_name();
}

namespace {

std::string lower_directories_of(std::string_view text) {
  const std::string md5 = hex(md5_of(text));
  return md5.substr(0, 3) + "/" + md5.substr(3, 3);
}

}  // namespace

std::string Key::branch_directories() const {
  return lower_directories_of(is_chunk() ? backend_ + fields_ + "--" + name_ : text_);
}

std::string Key::hash_directories_lower() const {
  return lower_directories_of(hashed_text());
}

std::string Key::hash_directories_mixed() const {
  const auto md5 = md5_of(hashed_text());
  constexpr std::string_view alphabet = "0123456789zqjxkmvwgpfZQJXKMVWGPF";
  const std::uint32_t word = std::uint32_t{md5[0]} | std::uint32_t{md5[1]} << 8U |
                             std::uint32_t{md5[2]} << 16U | std::uint32_t{md5[3]} << 24U;
  const auto letter = [&](unsigned i) { return alphabet[(word >> (6 * i)) % alphabet.size()]; };
  return {letter(1), letter(0), '/', letter(3), letter(2)};
}

namespace {

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

struct Backend {
  std::string_view name;
  HashAlgorithm algorithm;
};

// git-annex's backends that OpenSSL or libb2 can compute; each also exists with an E (extension kept) after
// it.
constexpr std::array kBackends{
    Backend{"MD5", {HashFamily::md5, 128}},
    Backend{"SHA1", {HashFamily::sha1, 160}},
    Backend{"SHA224", {HashFamily::sha2, 224}},
    Backend{"SHA256", {HashFamily::sha2, 256}},
    Backend{"SHA384", {HashFamily::sha2, 384}},
    Backend{"SHA512", {HashFamily::sha2, 512}},
    Backend{"SHA3_224", {HashFamily::sha3, 224}},
    Backend{"SHA3_256", {HashFamily::sha3, 256}},
    Backend{"SHA3_384", {HashFamily::sha3, 384}},
    Backend{"SHA3_512", {HashFamily::sha3, 512}},
    Backend{"BLAKE2B160", {HashFamily::blake2b, 160}},
    Backend{"BLAKE2B224", {HashFamily::blake2b, 224}},
    Backend{"BLAKE2B256", {HashFamily::blake2b, 256}},
    Backend{"BLAKE2B384", {HashFamily::blake2b, 384}},
    Backend{"BLAKE2B512", {HashFamily::blake2b, 512}},
    Backend{"BLAKE2BP512", {HashFamily::blake2bp, 512}},
    Backend{"BLAKE2S160", {HashFamily::blake2s, 160}},
    Backend{"BLAKE2S224", {HashFamily::blake2s, 224}},
    Backend{"BLAKE2S256", {HashFamily::blake2s, 256}},
    Backend{"BLAKE2SP224", {HashFamily::blake2sp, 224}},
    Backend{"BLAKE2SP256", {HashFamily::blake2sp, 256}},
};

}  // namespace

std::optional<HashAlgorithm> algorithm_of(std::string_view backend) {
  for (const Backend& known : kBackends)
    if (known.name == backend) return known.algorithm;
  return std::nullopt;
}

std::optional<Digest> Key::digest() const {
  if (is_chunk()) return std::nullopt;
  std::string_view backend = backend_;
  std::string_view hex = name_;
  if (backend == "GITBUNDLE") {  // GITBUNDLE--UUID-SHA256
    backend = "SHA256";
    hex.remove_prefix(std::min(hex.rfind('-') + 1, hex.size()));
  } else {
    if (!backend.empty() && backend.back() == 'E') backend.remove_suffix(1);
    if (hex.starts_with('\\')) hex.remove_prefix(1);  // some old keys
    hex = hex.substr(0, hex.find('.'));
  }
  const auto algorithm = algorithm_of(backend);
  if (!algorithm || hex.size() * 4 != algorithm->bits || !is_hex(hex)) return std::nullopt;
  return Digest{*algorithm, std::string{hex}};
}

std::optional<Digest> Key::git_blob() const {
  if (backend_ != "GIT" || is_chunk() || !is_hex(name_)) return std::nullopt;
  constexpr HashAlgorithm kSha1{HashFamily::sha1, 160};
  constexpr HashAlgorithm kSha256{HashFamily::sha2, 256};  // repositories of git's newer object format
  for (const HashAlgorithm& algorithm : {kSha1, kSha256})
    if (name_.size() * 4 == algorithm.bits) return Digest{algorithm, name_};
  return std::nullopt;
}

}  // namespace microstage::annex
