#pragma once
// Fair sharing by bytes: start-time fair queueing (Goyal, Vin, Cheng: Start-time Fair Queueing, 1996). Each
// member has a tag, the bytes it was given by its weight; the smallest tag goes next. Who has not been
// waiting starts at the present, so that nobody saves up.
//
// Threads: one at a time.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace microstage::core {

class FairShare {
 public:
  void set_weight(const std::string& member, unsigned weight);

  // It wants something from now on. Must precede served() and skip().
  void join(const std::string& member);
  // It wants nothing for now.
  void leave(const std::string& member);

  // Where it stands: the smallest goes next.
  [[nodiscard]] double tag(std::string_view member) const;

  // It was chosen, and is given `bytes`; less than was foreseen is told by a negative number afterwards.
  void serve(const std::string& member, double bytes);
  void correct(const std::string& member, double bytes);

  // It was passed over for a reason of its own: what it misses is not owed to it.
  void skip(const std::string& member);

 private:
  struct Member {
    double weight = 1;
    double tag = 0;
    bool waiting = false;
  };
  std::map<std::string, Member, std::less<>> members_;
  double now_ = 0;  // the tag of whom was chosen last
};

}  // namespace microstage::core
