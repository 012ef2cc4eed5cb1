#pragma once
// git-annex keys: what a key says about its content. Pure.
// Source: git-annex's key_format page; chunk and hash-directory rules as git-annex and DataLad's ORA apply
// them.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/core/hash.h"
#include "lib/core/result.h"

namespace microstage::annex {

class Key {
 public:
  // BACKEND[-sSIZE][-mMTIME][-SCHUNKSIZE-CCHUNK]--NAME, and nothing else. A key has no white space or control
  // character, and a file name made of it must not exceed 255 bytes.
  [[nodiscard]] static Result<Key> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string_view backend() const { return backend_; }
  [[nodiscard]] bool is_chunk() const { return chunk_size_.has_value(); }
  // GITMANIFEST keys, and only they, stand for content that changes under the same key.
  [[nodiscard]] bool is_mutable() const { return backend_ == "GITMANIFEST"; }

  // Bytes of the content; for a chunk those of the chunk. Nothing when the key does not say (encrypted keys,
  // some URLs).
  [[nodiscard]] std::optional<std::uint64_t> content_size() const;

  // Nothing for chunks (the name is the digest of the whole) and for backends that are no digest or that we
  // cannot compute (WORM, URL, VURL, SKEIN, encrypted keys, external X backends).
  [[nodiscard]] std::optional<Digest> digest() const;

  // GIT keys, which git-annex gives files that are not annexed when it exports them: the digest of the
  // content as a git blob, that is with "blob SIZE\0" before it.
  [[nodiscard]] std::optional<Digest> git_blob() const;

  // The key as git-annex and ORA name its directory and file: & % : / are replaced, reversibly.
  [[nodiscard]] std::string file_name() const;
  [[nodiscard]] static std::string unescape_file_name(std::string_view name);

  // The directory of the key's logs in the git-annex branch, "aaa/bbb": git-annex hashes the key itself.
  [[nodiscard]] std::string branch_directories() const;

  // Hash directories below annex/objects, "aa/bb". ORA asks for those of the escaped name, so that is what is
  // hashed; chunks share their parent's.
  [[nodiscard]] std::string hash_directories_lower() const;
  [[nodiscard]] std::string hash_directories_mixed() const;

 private:
  [[nodiscard]] std::string hashed_text() const;

  std::string text_;
  std::string backend_;
  std::string name_;
  std::string fields_;  // "-s…-m…" without the chunk fields
  std::optional<std::uint64_t> size_;
  std::optional<std::uint64_t> chunk_size_;
  std::uint64_t chunk_number_ = 0;
};

// The digest that `backend` (without a trailing E) makes, if we can compute it.
[[nodiscard]] std::optional<HashAlgorithm> algorithm_of(std::string_view backend);

}  // namespace microstage::annex
