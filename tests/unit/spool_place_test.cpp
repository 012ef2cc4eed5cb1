// Where reports go, by what was said where.

#include "lib/control/spool_place.h"

#include "tests/support/catch.h"

using namespace microstage::control;

namespace {

SpoolSettings at_home() {
  SpoolSettings settings;
  settings.home = "/home/alice";
  return settings;
}

}  // namespace

TEST_CASE("without a word reports go to the user's state directory") {
  SpoolSettings settings = at_home();
  CHECK(spool_place(settings)->own == "/home/alice/.local/state/microstage/spool");
  CHECK(spool_place(settings)->site.empty());
  settings.state_home = "/state";
  CHECK(spool_place(settings)->own == "/state/microstage/spool");
  settings.state_home = "relative";
  CHECK(spool_place(settings)->own == "/home/alice/.local/state/microstage/spool");
  settings.home = "";
  CHECK(spool_place(settings)->own.empty());
}

TEST_CASE("the nearest word counts") {
  SpoolSettings settings = at_home();
  settings.all_remotes = "/data/spool";
  CHECK(spool_place(settings)->site == "/data/spool");
  settings.parameter = "yes";
  CHECK(spool_place(settings)->site == "/data/spool");
  settings.parameter = "/somebody/elses";  // comes with the dataset, and must not choose
  CHECK(spool_place(settings)->site == "/data/spool");
  settings.parameter = "no";
  CHECK(spool_place(settings)->off);
  settings.remote = "yes";
  CHECK_FALSE(spool_place(settings)->off);
  CHECK(spool_place(settings)->site.empty());
  settings.remote = "/other";
  CHECK(spool_place(settings)->site == "/other");
  settings.environment = "off";
  CHECK(spool_place(settings)->off);
}

TEST_CASE("a place must be an absolute path") {
  SpoolSettings settings = at_home();
  settings.environment = "spool";
  const auto place = spool_place(settings);
  REQUIRE_FALSE(place);
  CHECK(place.error().message.find("MICROSTAGE_SPOOL is 'spool'") != std::string::npos);
}
