#pragma once
// BLAKE2bp and BLAKE2sp (the paper "BLAKE2: simpler, smaller, fast as MD5"): blocks dealt
// round-robin to leaves, whose digests a root hashes. The leaves are libb2's BLAKE2b and BLAKE2s. libb2's own
// parallel variants are not used: they count on OpenMP starting one thread per leaf and give wrong digests
// where it may not (OMP_THREAD_LIMIT, OMP_DYNAMIC).

#include <blake2.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

namespace microstage {

struct Blake2bTree {
  using State = blake2b_state;
  using Param = blake2b_param;
  static constexpr std::size_t kLeaves = 4;
  static constexpr std::size_t kBlock = BLAKE2B_BLOCKBYTES;
  static constexpr std::size_t kInner = BLAKE2B_OUTBYTES;
  static int init(State& state, const Param& param) { return blake2b_init_param(&state, &param); }
  static int update(State& state, const std::uint8_t* in, std::size_t size) {
    return blake2b_update(&state, in, size);
  }
  static int final(State& state, std::uint8_t* out, std::size_t size) {
    return blake2b_final(&state, out, size);
  }
  static void set_offset(Param& param, std::size_t offset) { param.node_offset = offset; }
};

struct Blake2sTree {
  using State = blake2s_state;
  using Param = blake2s_param;
  static constexpr std::size_t kLeaves = 8;
  static constexpr std::size_t kBlock = BLAKE2S_BLOCKBYTES;
  static constexpr std::size_t kInner = BLAKE2S_OUTBYTES;
  static int init(State& state, const Param& param) { return blake2s_init_param(&state, &param); }
  static int update(State& state, const std::uint8_t* in, std::size_t size) {
    return blake2s_update(&state, in, size);
  }
  static int final(State& state, std::uint8_t* out, std::size_t size) {
    return blake2s_final(&state, out, size);
  }
  static void set_offset(Param& param, std::size_t offset) {
    param.node_offset[0] = static_cast<std::uint8_t>(offset);
  }
};

// One computation: update any number of times, then finish once into `digest`, whose size was given to the
// constructor.
template <class Tree>
class Blake2Parallel {
 public:
  explicit Blake2Parallel(std::size_t digest_size) {
    for (std::size_t leaf = 0; leaf < Tree::kLeaves; ++leaf)
      start(leaves_.at(leaf), digest_size, leaf, 0, leaf + 1 == Tree::kLeaves);
    start(root_, digest_size, 0, 1, true);
    root_.outlen = static_cast<std::uint8_t>(digest_size);
  }

  void update(std::span<const std::byte> bytes) {
    const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
    for (std::size_t left = bytes.size(); left > 0;) {
      const std::size_t size = std::min(left, Tree::kBlock - position_ % Tree::kBlock);
      Tree::update(leaves_.at(position_ / Tree::kBlock % Tree::kLeaves), in, size);
      in += size;
      left -= size;
      position_ += size;
    }
  }

  void finish(std::span<std::uint8_t> digest) {
    for (typename Tree::State& leaf : leaves_) {
      std::array<std::uint8_t, Tree::kInner> inner{};
      Tree::final(leaf, inner.data(), inner.size());
      Tree::update(root_, inner.data(), inner.size());
    }
    Tree::final(root_, digest.data(), digest.size());
  }

 private:
  static void start(typename Tree::State& state, std::size_t digest_size, std::size_t offset,
                    std::uint8_t depth, bool last) {
    typename Tree::Param param{};
    param.digest_length = static_cast<std::uint8_t>(digest_size);
    param.fanout = static_cast<std::uint8_t>(Tree::kLeaves);
    param.depth = 2;
    param.node_depth = depth;
    param.inner_length = static_cast<std::uint8_t>(Tree::kInner);
    Tree::set_offset(param, offset);
    if (Tree::init(state, param) != 0) throw std::runtime_error("libb2 cannot start a digest");
    state.outlen = static_cast<std::uint8_t>(Tree::kInner);
    state.last_node = last ? 1 : 0;
  }

  std::array<typename Tree::State, Tree::kLeaves> leaves_{};
  typename Tree::State root_{};
  std::size_t position_ = 0;
};

}  // namespace microstage
