#include "lib/core/random.h"

#include <sys/random.h>

#include <vector>

#include "lib/core/text.h"

namespace microstage {

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> random(bytes);
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size()))
    random.assign(bytes, 0);
  return hex(random);
}

}  // namespace microstage
