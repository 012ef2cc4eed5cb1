// What a microscope sees in a Nissl-stained brain section, made up: a bright slide, a section with a
// cell-rich rim and a paler core, dark cell bodies, camera noise, and planes that blur with their distance
// from focus.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace microstage::examples {

// A square of stain that repeats without a seam, ready at several strengths of blur. The values are
// attenuation: 0 is clear glass, `darkest` the deepest stain.
class StainBlock {
 public:
  struct Recipe {
    std::size_t side;          // pixels; a multiple of 32
    std::size_t cells;         // cell bodies in the block
    double smallest, largest;  // radii of cell bodies, pixels
    double ground, variation;  // attenuation between the cells, and how much it wavers
  };
  static constexpr std::size_t levels = 6;
  static constexpr int darkest = 210;

  StainBlock(const Recipe& recipe, std::uint64_t seed);

  // The row of the block that covers image row y at the given level, from image column x on. Valid up to the
  // next multiple of Tissue::patch.
  const std::uint8_t* at(std::size_t level, std::uint64_t x, std::uint64_t y) const {
    return blurred_[level].data() + (y % side_) * side_ + x % side_;
  }

 private:
  std::size_t side_;
  std::array<std::vector<std::uint8_t>, levels> blurred_;
};

// A whole section. Every pixel is a function of the seed, the section's measures, the plane and its own
// position, so any rectangle can be rendered alone, in any order and by any number of threads.
class Tissue {
 public:
  static constexpr std::size_t patch = 16;

  struct Shape {
    std::uint64_t width, height;
    unsigned planes;
  };

  Tissue(const Shape& shape, std::uint64_t seed);

  // Renders columns x to x + width - 1 of rows y to y + height - 1 to `out`, row after row without gaps.
  // x is a multiple of `patch`. The rectangle may reach beyond the section, as tiles at its edge do.
  void render(unsigned plane, std::uint64_t x, std::uint64_t y, std::size_t width, std::size_t height,
              std::uint8_t* out) const;

 private:
  // What changes slowly, at the corner of a patch; fixed point with 8 bits behind the point.
  struct Ground {
    int tissue;  // 0 glass, 256 section
    int grey;    // 0 white matter, 256 grey matter
    int blur;    // level of blur: 0 is in focus
  };

  Ground ground(unsigned plane, std::uint64_t x, std::uint64_t y) const;
  double best_focus(double u, double v) const;
  void render_row(unsigned plane, std::uint64_t x, std::uint64_t y, const Ground* above, const Ground* below,
                  std::size_t width, std::uint8_t* out) const;
  void render_patch(unsigned plane, std::uint64_t x, std::uint64_t y, const Ground& left, const Ground& right,
                    std::uint8_t* out) const;

  Shape shape_;
  std::uint64_t seed_;
  StainBlock grey_, white_;
  std::vector<std::uint8_t> noise_;
};

}  // namespace microstage::examples
