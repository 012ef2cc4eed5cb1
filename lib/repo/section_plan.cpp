#include "lib/repo/section_plan.h"

#include <algorithm>

#include "lib/annex/key.h"

namespace microstage::repo {

namespace {

class Sum {
 public:
  void add(const PlannedKey& key) {
    ++amount_.keys;
    if (key.bytes) amount_.bytes += *key.bytes;
    if (!key.bytes) ++amount_.unknown_sizes;
    amount_.inodes += inodes_.add(key);
  }

  [[nodiscard]] Amount amount() const { return amount_; }

 private:
  Amount amount_;
  Inodes inodes_;
};

// The place of `uuid`, or the number of repositories when it is not among them.
std::size_t place_of(const SectionPlan& plan, std::string_view uuid) {
  const auto found =
      std::lower_bound(plan.repositories.begin(), plan.repositories.end(), uuid,
                       [](const AnnexRepository& one, std::string_view wanted) { return one.uuid < wanted; });
  const bool there = found != plan.repositories.end() && found->uuid == uuid;
  return there ? static_cast<std::size_t>(found - plan.repositories.begin()) : plan.repositories.size();
}

bool has(const PlannedKey& key, std::size_t place) {
  return std::binary_search(key.repositories.begin(), key.repositories.end(), place);
}

}  // namespace

std::uint64_t Inodes::add(const PlannedKey& key) {
  std::uint64_t inodes = 2;
  const auto parsed = annex::Key::parse(key.key);
  if (!parsed) return inodes;  // only keys that are become part of a plan
  const std::string directories = parsed->hash_directories_mixed();
  for (const std::string& directory : {directories.substr(0, directories.find('/')), directories})
    inodes += directories_.insert(directory).second ? 1 : 0;
  return inodes;
}

bool SectionPlan::is_at(const PlannedKey& key, std::string_view uuid) const {
  return has(key, place_of(*this, uuid));
}

Amount SectionPlan::total() const {
  Sum sum;
  for (const PlannedKey& key : keys)
    sum.add(key);
  return sum.amount();
}

Amount SectionPlan::present_at(std::string_view uuid) const {
  Sum sum;
  const std::size_t place = place_of(*this, uuid);
  for (const PlannedKey& key : keys)
    if (has(key, place)) sum.add(key);
  return sum.amount();
}

Amount SectionPlan::missing_at(std::string_view uuid) const {
  Sum sum;
  const std::size_t place = place_of(*this, uuid);
  for (const PlannedKey& key : keys)
    if (!has(key, place)) sum.add(key);
  return sum.amount();
}

}  // namespace microstage::repo
