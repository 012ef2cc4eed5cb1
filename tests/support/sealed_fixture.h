#pragma once
// A store with a dataset whose objects are in its archive.

#include "tests/support/archive_encoder.h"
#include "tests/support/store_fixture.h"

namespace microstage::testing {

struct Sealed : StoreFixture {
  explicit Sealed(std::string_view content = "the content\n", std::string_view version = "2")
      : StoreFixture(content, version) {}

  [[nodiscard]] std::string archive() const { return dataset_path + "/archives/archive.7z"; }
  [[nodiscard]] std::string member() const { return open().member_path(key); }
  void seal(std::string_view content) const {
    write_file(archive(),
               archive_of({{"other", "before"}, {member(), std::string{content}}, {"z", "after"}}));
  }
  void seal() const { seal(bytes); }
};

}  // namespace microstage::testing
