#include "examples/plane_file.h"

#include <fcntl.h>
#include <tiffio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace microstage::examples {
namespace {

// libtiff tells its errors to one function for the whole process; each thread keeps its own latest here. The
// system's error number is worth more than libtiff's words, where there is one.
thread_local std::string latest_error;

void keep_error(const char*, const char* format, va_list arguments) {
  const int number = errno;
  char text[256] = "";
  std::vsnprintf(text, sizeof text, format, arguments);
  latest_error = number != 0 ? std::strerror(number) : text;
}

[[noreturn]] void fail(const std::string& path, const std::string& why) {
  throw std::runtime_error("cannot write " + path + ": " + why);
}

// A file under a temporary name, removed unless it was published.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)), temporary_(hidden_name(path_)) {
    fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd_ < 0) fail(path_, std::strerror(errno));
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (fd_ >= 0) ::close(fd_);
    if (!published_) ::unlink(temporary_.c_str());
  }

  int fd() const { return fd_; }

  // Some file systems report a full disk or quota only when the file is closed.
  void publish() {
    if (::close(std::exchange(fd_, -1)) != 0) fail(path_, std::strerror(errno));
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail(path_, std::strerror(errno));
    published_ = true;
  }

 private:
  // With the process id, so that two runs at once do not write to one file.
  static std::string hidden_name(const std::filesystem::path& path) {
    return path.parent_path() / ("." + path.filename().string() + ".tmp" + std::to_string(::getpid()));
  }

  std::string path_, temporary_;
  int fd_ = -1;
  bool published_ = false;
};

std::uint32_t rows_per_strip(const PlaneFormat& format) {
  const std::uint32_t rows = (256U << 10) / format.width / 16 * 16;
  return std::clamp(rows, 16U, 256U);
}

struct Cleanup {
  void operator()(TIFF* tiff) const { TIFFCleanup(tiff); }  // leaves the descriptor open: its owner is Draft
};

class Writer {
 public:
  Writer(const std::string& path, int fd, const PlaneFormat& format) : path_(path), format_(format) {
    errno = 0;
    tiff_.reset(TIFFFdOpen(fd, path.c_str(), "w8l"));
    check(tiff_ != nullptr);
  }

  void describe(const std::string& description) {
    set(TIFFTAG_IMAGEDESCRIPTION, description.c_str());
    set(TIFFTAG_IMAGEWIDTH, format_.width);
    set(TIFFTAG_IMAGELENGTH, format_.height);
    set(TIFFTAG_BITSPERSAMPLE, 8);
    set(TIFFTAG_SAMPLESPERPIXEL, 1);
    set(TIFFTAG_SAMPLEFORMAT, SAMPLEFORMAT_UINT);
    set(TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
    set(TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    set(TIFFTAG_COMPRESSION, COMPRESSION_NONE);
    set(TIFFTAG_RESOLUTIONUNIT, RESUNIT_CENTIMETER);
    set(TIFFTAG_XRESOLUTION, 10000.0);  // one micrometre a pixel
    set(TIFFTAG_YRESOLUTION, 10000.0);
    if (format_.layout == Layout::tiled) {
      set(TIFFTAG_TILEWIDTH, format_.tile);
      set(TIFFTAG_TILELENGTH, format_.tile);
    } else {
      set(TIFFTAG_ROWSPERSTRIP, rows_per_strip(format_));
    }
  }

  void pixels(const Renderer& render) {
    if (format_.layout == Layout::tiled) {
      tiles(render);
    } else {
      strips(render);
    }
  }

  void finish() {
    errno = 0;
    check(TIFFWriteDirectory(tiff_.get()) != 0);
  }

 private:
  void check(bool good) const {
    if (!good) fail(path_, latest_error.empty() ? "libtiff gave no reason" : latest_error);
  }

  template <typename Value>
  void set(std::uint32_t tag, Value value) {
    check(TIFFSetField(tiff_.get(), tag, value) != 0);
  }

  void tiles(const Renderer& render) {
    const std::uint32_t side = format_.tile;
    std::vector<std::uint8_t> tile(std::size_t{side} * side);
    std::uint32_t number = 0;
    for (std::uint64_t y = 0; y < format_.height; y += side) {
      for (std::uint64_t x = 0; x < format_.width; x += side) {
        render(static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), side, side, tile.data());
        errno = 0;
        check(TIFFWriteRawTile(tiff_.get(), number++, tile.data(), static_cast<tmsize_t>(tile.size())) >= 0);
      }
    }
  }

  void strips(const Renderer& render) {
    const std::uint32_t high = rows_per_strip(format_);
    std::vector<std::uint8_t> strip(std::size_t{high} * format_.width);
    std::uint32_t number = 0;
    for (std::uint64_t y = 0; y < format_.height; y += high) {
      const auto rows = static_cast<std::uint32_t>(std::min<std::uint64_t>(high, format_.height - y));
      const auto bytes = static_cast<tmsize_t>(std::size_t{rows} * format_.width);
      render(0, static_cast<std::uint32_t>(y), format_.width, rows, strip.data());
      errno = 0;
      check(TIFFWriteRawStrip(tiff_.get(), number++, strip.data(), bytes) >= 0);
    }
  }

  const std::string& path_;
  const PlaneFormat& format_;
  std::unique_ptr<TIFF, Cleanup> tiff_;
};

}  // namespace

void write_plane(const std::string& path, const PlaneFormat& format, const std::string& description,
                 const Renderer& render) {
  TIFFSetErrorHandler(keep_error);
  TIFFSetWarningHandler(nullptr);
  latest_error.clear();
  Draft draft(path);
  {
    Writer writer(path, draft.fd(), format);
    writer.describe(description);
    writer.pixels(render);
    writer.finish();
  }
  draft.publish();
}

}  // namespace microstage::examples
