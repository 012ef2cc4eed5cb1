#include "examples/tissue.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace microstage::examples {
namespace {

// splitmix64's finaliser: every bit of the answer depends on every bit of the question.
std::uint64_t mix(std::uint64_t h) {
  h += 0x9E3779B97F4A7C15U;
  h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9U;
  h = (h ^ (h >> 27)) * 0x94D049BB133111EBU;
  return h ^ (h >> 31);
}

std::uint64_t mix(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  return mix(mix(mix(seed) ^ a) ^ b);
}

double unit(std::uint64_t h) {
  return static_cast<double>(h >> 11) * 0x1p-53;
}

double smooth(double t) {
  t = std::clamp(t, 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// Value noise in [-1, 1]: random values on a grid of whole numbers, smooth between them. With `period` it
// repeats after so many grid points.
double value_noise(std::uint64_t seed, double x, double y, std::int64_t period = 0) {
  const double fx = std::floor(x), fy = std::floor(y);
  const auto corner = [&](int dx, int dy) {
    auto ix = static_cast<std::int64_t>(fx) + dx, iy = static_cast<std::int64_t>(fy) + dy;
    if (period > 0) {
      ix %= period, iy %= period;
    }
    return unit(mix(seed, static_cast<std::uint64_t>(ix), static_cast<std::uint64_t>(iy))) * 2 - 1;
  };
  const double sx = smooth(x - fx), sy = smooth(y - fy);
  return std::lerp(std::lerp(corner(0, 0), corner(1, 0), sx), std::lerp(corner(0, 1), corner(1, 1), sx), sy);
}

using Plane = std::vector<float>;

// The mat between the cells: three octaves of noise that repeat with the block.
Plane draw_neuropil(const StainBlock::Recipe& recipe, std::uint64_t seed) {
  Plane plane(recipe.side * recipe.side);
  for (std::size_t y = 0; y < recipe.side; ++y) {
    for (std::size_t x = 0; x < recipe.side; ++x) {
      double sum = 0;
      for (std::size_t octave = 0, step = 32; octave < 3; ++octave, step /= 4) {
        const auto s = static_cast<double>(step);
        sum += value_noise(seed + octave, static_cast<double>(x) / s, static_cast<double>(y) / s,
                           static_cast<std::int64_t>(recipe.side / step));
      }
      plane[y * recipe.side + x] = static_cast<float>(recipe.ground + recipe.variation * sum / 3);
    }
  }
  return plane;
}

struct Cell {
  double x, y, radius, stretch, slope, depth;
};

Cell random_cell(const StainBlock::Recipe& recipe, std::uint64_t seed, std::uint64_t number) {
  const auto draw = [&](std::uint64_t what) { return unit(mix(seed, number, what)); };
  const auto side = static_cast<double>(recipe.side);
  const double size = draw(2);  // squared below: small cells are the many
  return {draw(0) * side,      draw(1) * side,  std::lerp(recipe.smallest, recipe.largest, size * size),
          0.6 + 0.4 * draw(3), draw(4) * 2 - 1, 90 + 80 * draw(5)};
}

// A soft-edged, slightly slanted ellipse, wrapped around the edges of the block.
void draw_cell(const Cell& cell, std::size_t side, Plane& plane) {
  const auto reach = static_cast<std::int64_t>(std::ceil(cell.radius * 1.6)) + 1;
  const auto cx = static_cast<std::int64_t>(cell.x), cy = static_cast<std::int64_t>(cell.y);
  const auto wrap = [side](std::int64_t at) {
    const auto s = static_cast<std::int64_t>(side);
    return static_cast<std::size_t>((at % s + s) % s);
  };
  for (std::int64_t dy = -reach; dy <= reach; ++dy) {
    for (std::int64_t dx = -reach; dx <= reach; ++dx) {
      const double px = static_cast<double>(cx + dx) - cell.x, py = static_cast<double>(cy + dy) - cell.y;
      const double sx = px + 0.5 * cell.slope * py;
      const double distance = std::sqrt(sx * sx + py * py / (cell.stretch * cell.stretch));
      const double cover = smooth((cell.radius - distance) / 1.5 + 0.5);
      float& pixel = plane[wrap(cy + dy) * side + wrap(cx + dx)];
      pixel = std::max(pixel, static_cast<float>(cover * cell.depth + (1 - cover) * pixel));
    }
  }
}

// One box blur of a line that closes on itself; its pixels are `stride` apart, so that it serves rows and
// columns.
void blur_line(const float* from, float* to, std::size_t stride, std::size_t side, std::size_t radius) {
  std::size_t ahead = 0, behind = side - radius;
  double sum = 0;
  const auto enter = [&] { sum += from[std::exchange(ahead, ahead + 1 == side ? 0 : ahead + 1) * stride]; };
  const auto leave = [&] {
    sum -= from[std::exchange(behind, behind + 1 == side ? 0 : behind + 1) * stride];
  };
  for (std::size_t i = side - radius; i < side; ++i) {
    sum += from[i * stride];
  }
  for (std::size_t i = 0; i <= radius; ++i) {
    enter();
  }
  const double scale = 1.0 / static_cast<double>(2 * radius + 1);
  for (std::size_t i = 0; i < side; ++i) {
    to[i * stride] = static_cast<float>(sum * scale);
    enter();
    leave();
  }
}

// Two box blurs each way are near enough to what a lens does out of focus.
void blur(Plane& plane, std::size_t side, std::size_t radius) {
  Plane other(plane.size());
  for (int pass = 0; pass < 2; ++pass) {
    for (std::size_t y = 0; y < side; ++y) {
      blur_line(&plane[y * side], &other[y * side], 1, side, radius);
    }
    for (std::size_t x = 0; x < side; ++x) {
      blur_line(&other[x], &plane[x], side, side, radius);
    }
  }
}

std::vector<std::uint8_t> to_bytes(const Plane& plane) {
  std::vector<std::uint8_t> bytes(plane.size());
  std::transform(plane.begin(), plane.end(), bytes.begin(), [](float value) {
    return static_cast<std::uint8_t>(std::clamp(value, 0.0F, static_cast<float>(StainBlock::darkest)));
  });
  return bytes;
}

constexpr StainBlock::Recipe grey_matter{
    .side = 768, .cells = 1460, .smallest = 3, .largest = 13, .ground = 58, .variation = 44};
// Another period, so that what shines through of both does not repeat within a plane.
constexpr StainBlock::Recipe white_matter{
    .side = 640, .cells = 530, .smallest = 2, .largest = 4, .ground = 30, .variation = 26};

constexpr std::array<std::size_t, StainBlock::levels - 1> further_blur{1, 1, 2, 4, 8};
constexpr std::size_t noise_size = 1U << 16;
constexpr int glass = 238;  // brightness of the empty slide; darkest stain and noise keep it within a byte

// Camera noise of -3 to 3 around 3, triangular: two random numbers of 0 to 3 added up.
std::vector<std::uint8_t> camera_noise(std::uint64_t seed) {
  std::vector<std::uint8_t> noise(noise_size + Tissue::patch);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    const auto h = mix(seed, i, 0);
    noise[i] = static_cast<std::uint8_t>((h & 3) + ((h >> 8) & 3));
  }
  return noise;
}

double length(double x, double y) {
  return std::sqrt(x * x + y * y);
}

int fixed(double value) {
  return static_cast<int>(std::lround(value * 256));
}

}  // namespace

StainBlock::StainBlock(const Recipe& recipe, std::uint64_t seed) : side_(recipe.side) {
  Plane plane = draw_neuropil(recipe, seed);
  for (std::uint64_t i = 0; i < recipe.cells; ++i) {
    draw_cell(random_cell(recipe, seed, i), side_, plane);
  }
  blurred_[0] = to_bytes(plane);
  for (std::size_t level = 1; level < levels; ++level) {
    blur(plane, side_, further_blur[level - 1]);
    blurred_[level] = to_bytes(plane);
  }
}

Tissue::Tissue(const Shape& shape, std::uint64_t seed)
    : shape_(shape),
      seed_(mix(seed)),
      grey_(grey_matter, seed_ + 1000),
      white_(white_matter, seed_ + 2000),
      noise_(camera_noise(seed_ + 3000)) {}

// The section lies a little tilted and wavy on its slide. In planes, from the middle of the stack.
double Tissue::best_focus(double u, double v) const {
  const double tilt = (unit(mix(seed_ + 1)) - 0.5) * (u - 0.5) + (unit(mix(seed_ + 2)) - 0.5) * (v - 0.5);
  return shape_.planes * (0.3 * tilt + 0.12 * value_noise(seed_ + 3, 3 * u, 3 * v));
}

Tissue::Ground Tissue::ground(unsigned plane, std::uint64_t x, std::uint64_t y) const {
  const double u = static_cast<double>(x) / static_cast<double>(shape_.width);
  const double v = static_cast<double>(y) / static_cast<double>(shape_.height);
  // An oval with a wavy outline: 1 at its rim, 0 in its middle. No edge is sharper than two patches.
  const double oval = length((u - 0.5) / 0.46, (v - 0.5) / 0.44);
  const double out =
      oval + 0.10 * value_noise(seed_ + 4, 5 * u, 5 * v) + 0.03 * value_noise(seed_ + 5, 23 * u, 23 * v);
  const double soft = std::max(0.01, 64.0 / static_cast<double>(std::min(shape_.width, shape_.height)));
  const double folds = 0.12 * value_noise(seed_ + 6, 9 * u, 9 * v);
  const double middle = (shape_.planes - 1) / 2.0;
  const double defocus = std::abs(plane - middle - best_focus(u, v));
  const double steepness = (StainBlock::levels - 1) / std::max(3.0, 0.6 * shape_.planes);
  const double most = static_cast<double>(StainBlock::levels - 1);
  return {fixed(smooth((1 - out) / soft)), fixed(smooth((out + folds - 0.62) / 0.12)),
          fixed(std::min(defocus * steepness, most))};
}

void Tissue::render_patch(unsigned plane, std::uint64_t x, std::uint64_t y, const Ground& left,
                          const Ground& right, std::uint8_t* out) const {
  const auto level = std::min<std::size_t>(static_cast<std::size_t>(left.blur) / 256, StainBlock::levels - 2);
  const int weight = left.blur - static_cast<int>(level) * 256;
  const std::uint8_t* grey = grey_.at(level, x, y);
  const std::uint8_t* grey_far = grey_.at(level + 1, x, y);
  const std::uint8_t* white = white_.at(level, x, y);
  const std::uint8_t* white_far = white_.at(level + 1, x, y);
  const std::uint8_t* noise = noise_.data() + mix(seed_ + plane, x, y) % noise_size;
  for (int i = 0; i < static_cast<int>(patch); ++i) {
    const int share = (left.grey * (16 - i) + right.grey * i) >> 4;
    const int tissue = (left.tissue * (16 - i) + right.tissue * i) >> 4;
    const int g = (grey[i] * (256 - weight) + grey_far[i] * weight) >> 8;
    const int w = (white[i] * (256 - weight) + white_far[i] * weight) >> 8;
    const int stain = (g * share + w * (256 - share)) >> 8;
    out[i] = static_cast<std::uint8_t>(glass - ((stain * tissue) >> 8) + noise[i] - 3);
  }
}

void Tissue::render_row(unsigned plane, std::uint64_t x, std::uint64_t y, const Ground* above,
                        const Ground* below, std::size_t width, std::uint8_t* out) const {
  const int down = static_cast<int>(y % patch);
  const auto at = [&](std::size_t i) {
    const auto between = [down](int a, int b) { return (a * (16 - down) + b * down) >> 4; };
    return Ground{between(above[i].tissue, below[i].tissue), between(above[i].grey, below[i].grey),
                  between(above[i].blur, below[i].blur)};
  };
  Ground left = at(0);
  for (std::size_t done = 0; done < width; done += patch) {
    const Ground right = at(done / patch + 1);
    if (width - done >= patch) {
      render_patch(plane, x + done, y, left, right, out + done);
    } else {
      std::array<std::uint8_t, patch> last;
      render_patch(plane, x + done, y, left, right, last.data());
      std::memcpy(out + done, last.data(), width - done);
    }
    left = right;
  }
}

void Tissue::render(unsigned plane, std::uint64_t x, std::uint64_t y, std::size_t width, std::size_t height,
                    std::uint8_t* out) const {
  const std::size_t corners = (width + patch - 1) / patch + 1;
  std::vector<Ground> above(corners), below(corners);
  const auto survey = [&](std::vector<Ground>& line, std::uint64_t at) {
    for (std::size_t i = 0; i < corners; ++i) {
      line[i] = ground(plane, x + i * patch, at);
    }
  };
  for (std::size_t row = 0; row < height; ++row) {
    const std::uint64_t at = y + row;
    if (row == 0) {
      survey(above, at / patch * patch);
      survey(below, (at / patch + 1) * patch);
    } else if (at % patch == 0) {
      above.swap(below);
      survey(below, at + patch);
    }
    render_row(plane, x, at, above.data(), below.data(), width, out + row * width);
  }
}

}  // namespace microstage::examples
