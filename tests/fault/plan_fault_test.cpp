// A plan that could not read everything is an error, never a smaller plan.

#include "lib/repo/plan_cache.h"
#include "tests/fault/faults.h"
#include "tests/support/git_fixture.h"

using namespace microstage;
using testing::FaultyFileOps;
using testing::link_to;
using testing::sha256_key;

TEST_CASE("whatever fails while a dataset is read, the plan is right or there is none") {
  const testing::Scratch scratch(testing::fast_parent());
  const testing::GitFixture repository(scratch / "section");
  const annex::Key key = sha256_key("content");
  repository.set_reference("refs/heads/main", repository.add_files({{"plane.tif", link_to(key)}}));
  repository.set_reference("refs/heads/git-annex",
                           repository.add_files({{testing::log_path(key), "1s 1 first\n"}}));
  const auto remotes = repository.add_files({{testing::log_path(key), "2s 1 second\n"}});
  testing::write_file(repository / "packed-refs", remotes.hex() + " refs/remotes/origin/git-annex\n");
  testing::write_file(repository / "annex/journal/uuid.log", "third x timestamp=1s\n");
  for (const testing::Trouble& trouble : testing::every_trouble()) {
    if (trouble.code == ENOENT) continue;  // a file that is said not to be there is not there
    testing::at_every_operation(trouble, [&](FaultyFileOps& ops) {
      repo::PlanCache cache(ops);
      const auto plan = cache.plan(repository.path());
      CAPTURE(testing::failed_operation(ops));
      if (plan) {
        CHECK((*plan)->keys.at(0).repositories.size() == 2);
        CHECK((*plan)->repositories.size() == 3);
      } else {
        CHECK(plan.error().message.find('\n') == std::string::npos);
      }
      ops.recover();
      CHECK(cache.plan(repository.path()));
    });
  }
}
