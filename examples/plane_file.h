// One plane of a z-stack as an uncompressed 8-bit grey BigTIFF, tiled or in strips.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace microstage::examples {

enum class Layout { tiled, strips };

struct PlaneFormat {
  std::uint32_t width, height;
  Layout layout;
  std::uint32_t tile;  // side of a tile; strips are as high as makes them about 256 KiB
};

// Fills the rectangle at (x, y) of the given width and height, row after row without gaps. Tiles at the edge
// of the image are asked for whole. Whatever it throws passes through write_plane.
using Renderer = std::function<void(std::uint32_t x, std::uint32_t y, std::uint32_t width,
                                    std::uint32_t height, std::uint8_t* out)>;

// Writes `path`, whole or not at all: to a hidden temporary file beside it, then by rename over whatever had
// the name. Holds one tile or strip in memory. Throws std::runtime_error with one line for people; the
// temporary file is gone then.
void write_plane(const std::string& path, const PlaneFormat& format, const std::string& description,
                 const Renderer& render);

}  // namespace microstage::examples
