#include "lib/store/archive/unpack.h"

#include <dlfcn.h>
#include <lzma.h>

#include <algorithm>
#include <cstdlib>
#include <type_traits>

namespace microstage::store::archive {

namespace {

// The functions of liblzma that are used, under its own names.
struct Liblzma {
  decltype(&lzma_properties_decode) properties_decode = nullptr;
  decltype(&lzma_raw_decoder) raw_decoder = nullptr;
  decltype(&lzma_code) code = nullptr;
  decltype(&lzma_end) end = nullptr;

  [[nodiscard]] bool loaded() const { return properties_decode && raw_decoder && code && end; }
};

Liblzma load_liblzma() {
  Liblzma library;
  void* handle = ::dlopen("liblzma.so.5", RTLD_NOW | RTLD_LOCAL);  // never closed
  if (handle == nullptr) return library;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
  };
  find(library.properties_decode, "lzma_properties_decode");
  find(library.raw_decoder, "lzma_raw_decoder");
  find(library.code, "lzma_code");
  find(library.end, "lzma_end");
  return library;
}

const Liblzma& liblzma() {
  static const Liblzma library = load_liblzma();
  return library;
}

// Owns what liblzma allocated for the options of one method.
class Options {
 public:
  Options(lzma_vli method, Bytes properties) : filter_{method, nullptr} {
    const auto* data = reinterpret_cast<const std::uint8_t*>(properties.data());
    valid_ = liblzma().properties_decode(&filter_, nullptr, data, properties.size()) == LZMA_OK &&
             filter_.options != nullptr;
  }
  ~Options() { std::free(filter_.options); }  // NOLINT: liblzma allocates with malloc
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] const lzma_filter& filter() const { return filter_; }
  // Nothing can refer back by more than there is: a dictionary of gigabytes is not needed for a small header.
  void limit_dictionary(std::uint64_t size) {
    auto& options = *static_cast<lzma_options_lzma*>(filter_.options);
    const std::uint64_t enough = std::max<std::uint64_t>(size, LZMA_DICT_SIZE_MIN);
    options.dict_size = static_cast<std::uint32_t>(std::min<std::uint64_t>(options.dict_size, enough));
  }

 private:
  lzma_filter filter_;
  bool valid_ = false;
};

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::integrity, "its header is damaged: it cannot be unpacked");
}

// A raw LZMA stream need not say where it ends: it ends where the wanted bytes are complete.
bool decode(const lzma_filter& filter, Bytes packed, std::vector<std::byte>& to) {
  const lzma_filter chain[2]{filter, {LZMA_VLI_UNKNOWN, nullptr}};  // NOLINT: liblzma wants a plain array
  lzma_stream stream = LZMA_STREAM_INIT;
  if (liblzma().raw_decoder(&stream, chain) != LZMA_OK) return false;
  stream.next_in = reinterpret_cast<const std::uint8_t*>(packed.data());
  stream.avail_in = packed.size();
  stream.next_out = reinterpret_cast<std::uint8_t*>(to.data());
  stream.avail_out = to.size();
  lzma_ret result = LZMA_OK;
  while (stream.avail_out > 0 && result == LZMA_OK)
    result = liblzma().code(&stream, LZMA_FINISH);
  const bool whole = stream.avail_out == 0;
  liblzma().end(&stream);
  return whole;
}

Result<std::vector<std::byte>> unpack_lzma(const Folder& folder, Bytes packed) {
  if (!liblzma().loaded()) {
    return fail(ErrorKind::unsupported,
                "its header is packed, and liblzma.so.5 is missing on this machine; install liblzma5");
  }
  Options options(folder.method == kLzma ? LZMA_FILTER_LZMA1 : LZMA_FILTER_LZMA2, folder.properties);
  if (!options.valid()) return damaged();
  options.limit_dictionary(folder.size);
  std::vector<std::byte> bytes(static_cast<std::size_t>(folder.size));
  if (!decode(options.filter(), packed, bytes)) return damaged();
  return bytes;
}

}  // namespace

Result<std::vector<std::byte>> unpack(const Folder& folder, Bytes packed) {
  Result<std::vector<std::byte>> bytes;
  if (folder.method == kLzma || folder.method == kLzma2) {
    bytes = unpack_lzma(folder, packed);
  } else if (folder.method != kCopy) {
    return fail(ErrorKind::unsupported, "packed with " + method_name(folder.method));
  } else if (packed.size() == folder.size) {
    bytes = std::vector<std::byte>(packed.begin(), packed.end());
  } else {
    return damaged();
  }
  if (bytes && folder.crc && crc32(*bytes) != *folder.crc) return damaged();
  return bytes;
}

}  // namespace microstage::store::archive
