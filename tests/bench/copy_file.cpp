// The copy engine alone: copies one file to another, hashed on the way and durable at the end, and prints the
// seconds that took.
#include <fcntl.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "lib/core/hash.h"
#include "lib/fs/file.h"
#include "lib/transfer/copy.h"

namespace {

using namespace microstage;

Status copy_file(const std::string& from, const std::string& to, HashAlgorithm algorithm, bool keep_cached) {
  fs::FileOps& ops = fs::posix_file_ops();
  auto opened = fs::File::open(ops, from, O_RDONLY);
  if (!opened) return fail(opened.error());
  const auto file = std::make_shared<const fs::File>(std::move(*opened));
  const auto status = file->status();
  if (!status) return fail(status.error());
  const auto destination = fs::File::open(ops, to, O_RDWR | O_CREAT | O_TRUNC);
  if (!destination) return fail(destination.error());
  const auto hasher = make_hasher(algorithm);
  transfer::FileSource source(file, 0, status->size);
  transfer::CopyOptions options;
  options.size = status->size;
  options.hasher = hasher.get();
  options.keep_cached = keep_cached;
  if (auto copied = transfer::copy_bytes(source, *destination, options); !copied) return copied;
  return destination->sync();
}

}  // namespace

int main(int count, char** words) {
  if (count != 4 && count != 5) {
    std::fputs("usage: copy_file SOURCE DESTINATION SHA256|MD5 [keep-cached]\n", stderr);
    return 2;
  }
  const auto algorithm =
      std::string(words[3]) == "MD5" ? HashAlgorithm{HashFamily::md5, 128} : HashAlgorithm{};
  const auto start = std::chrono::steady_clock::now();
  if (const auto copied = copy_file(words[1], words[2], algorithm, count == 5); !copied) {
    std::fprintf(stderr, "copy_file: %s\n", copied.error().message.c_str());
    return 1;
  }
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  std::printf("%.3f\n", taken.count());
  return 0;
}
