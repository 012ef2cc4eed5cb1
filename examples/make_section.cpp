// make-section: a z-stack to try everything on, from a megabyte to ten gigabytes a plane.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "examples/plane_file.h"
#include "examples/tissue.h"

namespace {

using microstage::examples::Layout;
using microstage::examples::PlaneFormat;
using microstage::examples::Tissue;

struct Options {
  std::filesystem::path directory;
  unsigned planes = 29;
  std::uint64_t size = 256U << 20;
  std::uint32_t width = 0, height = 0;
  Layout layout = Layout::tiled;
  std::uint32_t tile = 256;
  std::uint64_t seed = 1;
  std::string prefix = "plane_";
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
  bool force = false;
};

constexpr const char* about =
    "Writes a made-up section: a z-stack of 8-bit grey BigTIFF planes that look like stained brain tissue, "
    "each\n"
    "in focus at its own depth. The same options give the same bytes, on any number of cores.\n";
constexpr const char* examples =
    "Examples:\n"
    "  make-section B20_0197                          29 planes of 256 MiB\n"
    "  make-section small --planes 5 --size 1MiB      a quick try\n"
    "  make-section real --size 10GB --seed 197       as large as a scanner makes them\n"
    "  make-section odd --width 1001 --height 707 --layout strips\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage. A plane that is there under its own name is whole.";

// The largest side keeps 64-bit arithmetic on pixels far from its limits.
constexpr std::uint32_t largest_side = 1U << 24;

const CLI::Validator tile_side(
    [](std::string& text) {
      std::uint32_t side = 0;
      const bool good = CLI::detail::lexical_cast(text, side) && side % 16 == 0 && side >= 16 && side <= 8192;
      return good ? std::string() : "must be a multiple of 16 from 16 to 8192";
    },
    "PIXELS");

// strtoull would take -1, and anything too large, for the largest number there is.
const CLI::Validator whole_number(
    [](std::string& text) {
      const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
      const bool good = digits && !text.empty() && text.size() < 20;
      return good ? std::string() : "must be a whole number of at most 19 digits";
    },
    "N");

const CLI::Validator plain_name(
    [](std::string& text) {
      return text.find('/') == std::string::npos ? std::string() : "must not contain a slash";
    },
    "TEXT");

void add_measures(CLI::App& app, Options& options) {
  const std::map<std::string, Layout> layouts{{"tiled", Layout::tiled}, {"strips", Layout::strips}};
  const CLI::Range side(1U, largest_side);
  app.add_option("--planes", options.planes, "number of planes (29)")
      ->check(CLI::Range(1U, 100000U))
      ->option_text("N");
  auto* size = app.add_option("--size", options.size, "pixel data of a plane, about, as a square (256MiB)")
                   ->transform(CLI::AsSizeValue(true))
                   ->option_text("SIZE");
  auto* width = app.add_option("--width", options.width, "exact width, instead of --size");
  auto* height = app.add_option("--height", options.height, "exact height, instead of --size");
  width->check(side)->option_text("PIXELS");
  height->check(side)->option_text("PIXELS");
  width->needs(height)->excludes(size);
  height->needs(width)->excludes(size);
  app.add_option("--layout", options.layout, "'tiled' or 'strips' (tiled)")
      ->transform(CLI::CheckedTransformer(layouts).description(""))
      ->option_text("LAYOUT");
  app.add_option("--tile", options.tile, "side of a tile, a multiple of 16 (256)")
      ->check(tile_side)
      ->option_text("PIXELS");
}

void add_options(CLI::App& app, Options& options) {
  app.option_defaults()->configurable(false);
  app.add_option("DIR", options.directory, "where to write; made if it is not there")
      ->required()
      ->option_text(" ");
  add_measures(app, options);
  app.add_option("--seed", options.seed, "another seed, another section (1)")
      ->check(whole_number)
      ->option_text("N");
  app.add_option("--prefix", options.prefix, "of the file names (plane_)")
      ->check(plain_name)
      ->option_text("TEXT");
  app.add_option("--jobs", options.jobs, "planes written at once (one per core)")
      ->check(CLI::Range(1U, 1024U))
      ->option_text("N");
  app.add_flag("--force", options.force, "overwrite planes that are there");
  app.footer(examples);
}

PlaneFormat choose_format(const Options& options) {
  if (options.width != 0) return {options.width, options.height, options.layout, options.tile};
  const double tiles = std::sqrt(static_cast<double>(options.size)) / options.tile;
  const double side = std::max(1.0, std::round(tiles)) * options.tile;
  if (side > largest_side) throw std::runtime_error("--size is too large");
  const auto pixels = static_cast<std::uint32_t>(side);
  return {pixels, pixels, options.layout, options.tile};
}

std::string file_name(const Options& options, unsigned plane) {
  const auto digits = std::max<std::size_t>(2, std::to_string(options.planes - 1).size());
  const std::string number = std::to_string(plane);
  return options.prefix + std::string(digits - number.size(), '0') + number + ".tif";
}

// In planes from the middle of the stack, which a viewer may take for micrometres.
std::string describe(const Options& options, unsigned plane) {
  char focus[32];
  std::snprintf(focus, sizeof focus, "%.1f", plane - (options.planes - 1) / 2.0);
  return "microstage make-section: seed=" + std::to_string(options.seed) + " plane=" + std::to_string(plane) +
         " planes=" + std::to_string(options.planes) + " focus=" + focus;
}

void prepare_directory(const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) throw std::runtime_error("cannot make " + options.directory.string() + ": " + error.message());
  for (unsigned plane = 0; plane < options.planes && !options.force; ++plane) {
    const auto path = options.directory / file_name(options, plane);
    if (std::filesystem::exists(std::filesystem::symlink_status(path, error))) {
      throw std::runtime_error(path.string() + " is there already; --force overwrites");
    }
  }
}

// Raised by a signal or by the first plane that fails; every writer looks at it at each tile.
std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");

struct Stopped : std::runtime_error {
  Stopped() : std::runtime_error("interrupted") {}
};

// Planes are files of their own, so threads share nothing but the number of the next one.
class Stack {
 public:
  Stack(const Options& options, const PlaneFormat& format)
      : options_(options),
        format_(format),
        tissue_({.width = format.width, .height = format.height, .planes = options.planes}, options.seed) {}

  void write() {
    {
      std::vector<std::jthread> writers;
      const unsigned wanted = std::min(options_.jobs, options_.planes);
      for (unsigned i = 0; i < wanted; ++i) {
        writers.emplace_back([this] { work(); });
      }
    }
    if (!failure_.empty()) throw std::runtime_error(failure_);
    if (stop) throw Stopped();
  }

 private:
  void work() {
    try {
      for (unsigned plane = next_++; plane < options_.planes && !stop; plane = next_++) {
        write_one(plane);
      }
    } catch (const Stopped&) {  // whoever raised the flag says why
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      if (failure_.empty()) failure_ = error.what();
      stop = true;
    }
  }

  void write_one(unsigned plane) {
    const auto render = [&](std::uint32_t x, std::uint32_t y, std::uint32_t width, std::uint32_t height,
                            std::uint8_t* out) {
      if (stop) throw Stopped();
      tissue_.render(plane, x, y, width, height, out);
    };
    const auto path = options_.directory / file_name(options_, plane);
    microstage::examples::write_plane(path, format_, describe(options_, plane), render);
  }

  const Options& options_;
  const PlaneFormat& format_;
  const Tissue tissue_;
  std::atomic<unsigned> next_{0};
  std::mutex mutex_;
  std::string failure_;
};

void run(const Options& options) {
  const PlaneFormat format = choose_format(options);
  prepare_directory(options);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::signal(signal, [](int) { stop = true; });
  }
  Stack(options, format).write();
  std::printf("%u planes of %u x %u pixels in %s\n", options.planes, format.width, format.height,
              options.directory.c_str());
}

int fail(const char* what, int status) {
  std::fprintf(stderr, "make-section: %s\n", what);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app(about, "make-section");
  add_options(app, options);
  try {
    app.parse(argc, argv);
    run(options);
    return 0;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    return fail((std::string(error.what()) + "; see --help").c_str(), 2);
  } catch (const std::exception& error) {
    return fail(error.what(), 1);
  }
}
