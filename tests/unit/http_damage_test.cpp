// Notes on damaged members of an archive, seen through a web server.

#include "lib/store/damaged_members.h"
#include "lib/store/http/dataset.h"
#include "tests/support/archive_encoder.h"
#include "tests/support/catch.h"
#include "tests/support/fake_web.h"
#include "tests/support/scratch.h"

using namespace microstage;
using namespace microstage::store;
using namespace microstage::store::http;
using microstage::testing::FakeWeb;
using microstage::testing::Reply;

namespace {

const std::string kStore = "https://example.org/store";
const std::string kDataset = kStore + "/" + microstage::testing::sample_dataset_id().store_path();
const std::string kBytes = "the content";
const annex::Key kKey = microstage::testing::sha256_key(kBytes);
const std::string kNote = kDataset + "/.microstage/damaged/" + kKey.file_name();

struct Rig {
  std::shared_ptr<FakeWeb> web = std::make_shared<FakeWeb>();
  std::string archive;
  std::shared_ptr<HttpDataset> dataset;

  Rig() {
    web->files[kStore + "/ria-layout-version"] = "1\n";
    web->files[kDataset + "/ria-layout-version"] = "2\n";
    const auto client = std::make_shared<Client>(web, nullptr, std::nullopt, RetryPolicy{.most_retries = 1},
                                                 web->surroundings());
    dataset = HttpDataset::open(client, kStore, microstage::testing::sample_dataset_id()).value();
    const std::string objects = kDataset + "/annex/objects/";
    archive = microstage::testing::archive_of({{dataset->object_url(kKey).substr(objects.size()), kBytes}});
    web->files[archive_url()] = archive;
  }
  static std::string archive_url() { return kDataset + "/archives/archive.7z"; }
  // What note_damaged writes of an archive that was changed at 08:49:37 on 6 November 1994.
  [[nodiscard]] std::string note(std::uint64_t size) const {
    fs::FileStatus status;
    status.identity.inode = 4711;
    status.size = size;
    status.modified = {784111777, 123};
    return state_note(status) + "\n";
  }
  // The server tells when the archive was changed.
  void tell(const std::string& date) {
    web->odd = [this, date](const Request& request, int) -> std::optional<Result<Reply>> {
      if (request.url != archive_url()) return std::nullopt;
      Reply reply = web->plain(request);
      reply.headers.push_back("Last-Modified: " + date);
      return reply;
    };
  }
};

}  // namespace

TEST_CASE("a member that is noted as damaged is no copy over HTTP either") {
  Rig rig;
  CHECK(rig.dataset->find(kKey).value() == Presence::archived);
  rig.web->files[kNote] = rig.note(rig.archive.size());
  if (GENERATE(false, true)) rig.tell("Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(rig.dataset->find(kKey).value() == Presence::wrong_size);
  CHECK_FALSE(rig.dataset->whereabouts(kKey));
  rig.web->files[rig.dataset->object_url(kKey)] = kBytes;  // a good copy beside it
  CHECK(rig.dataset->find(kKey).value() == Presence::present);
}

TEST_CASE("a note on another archive says nothing about this one") {
  Rig rig;
  SECTION("of another size") {
    rig.web->files[kNote] = rig.note(rig.archive.size() + 1);
  }
  SECTION("of another time") {
    rig.web->files[kNote] = rig.note(rig.archive.size());
    rig.tell("Sun, 06 Nov 1994 08:49:38 GMT");
  }
  CHECK(rig.dataset->find(kKey).value() == Presence::archived);
}

TEST_CASE("where it cannot be seen whether there is a note nobody vouches for the member") {
  Rig rig;
  SECTION("what is there is no note") {
    rig.web->files[kNote] =
        GENERATE(as<std::string>{}, "", "<html>log in</html>", "inode 1", "inode 1 size 2 modified 3 4 5\n");
  }
  SECTION("the server does not give it") {
    const Result<Reply> trouble =
        GENERATE(as<Result<Reply>>{}, Reply{403, {}, {}, {}}, Reply{500, {}, {}, {}}, Reply{401, {}, {}, {}},
                 Reply{302, {}, {}, "https://elsewhere.org/"}, fail(ErrorKind::transient, "refused"));
    rig.web->odd = [&](const Request& request, int) {
      return request.url == kNote ? std::optional(trouble) : std::nullopt;
    };
    CHECK_FALSE(rig.dataset->find(kKey));
    return;
  }
  CHECK_FALSE(rig.dataset->find(kKey));
}

TEST_CASE("a date is read in the one form that servers write today") {
  CHECK(parse_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777);
  CHECK(parse_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
  CHECK(parse_date("Thu, 29 Feb 2024 23:59:60 GMT") == 1709251200);
  CHECK(parse_date("Wed, 31 Dec 1969 23:59:59 GMT") == -1);
  for (const char* bad :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    CAPTURE(bad);
    CHECK(parse_date(bad) == std::nullopt);
  }
}
