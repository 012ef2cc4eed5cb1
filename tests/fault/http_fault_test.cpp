// Whatever fails of the exchanges with a web server, and whatever it answers instead: the presence of an
// object is answered rightly or not at all. Above all, nothing that is there is ever called absent.

#include "lib/store/http/dataset.h"
#include "tests/support/catch.h"
#include "tests/support/fake_web.h"

using namespace microstage;
using namespace microstage::store;
using namespace microstage::store::http;
using microstage::testing::FakeWeb;
using microstage::testing::Reply;

namespace {

const std::string kStore = "https://example.org/store";
const DatasetId kId = DatasetId::parse("b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01").value();
const std::string kDataset = kStore + "/" + kId.store_path();
const annex::Key kThere =
    annex::Key::parse("SHA256-s5--2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824").value();
const annex::Key kNotThere = annex::Key::parse("SHA256-s4--" + std::string(64, '0')).value();

const std::vector<Result<Reply>> kTroubles{
    fail(ErrorKind::transient, "refused"),
    fail(ErrorKind::invalid, "certificate"),
    Reply{200, {"Content-Type: text/html", "Content-Length: 20"}, "<html>log in</html>\n", {}},
    Reply{200, {"Content-Length: 5"}, "<a/>\n", {}},
    Reply{206, {}, {}, {}},
    Reply{302, {}, {}, "https://elsewhere.org/"},
    Reply{302, {}, {}, "http://example.org/"},
    Reply{302, {}, {}, {}},
    Reply{401, {}, {}, {}},
    Reply{403, {}, {}, {}},
    Reply{416, {}, {}, {}},
    Reply{500, {}, {}, {}},
    Reply{503, {"Retry-After: 9999"}, {}, {}},
};

struct Rig {
  std::shared_ptr<FakeWeb> web = std::make_shared<FakeWeb>();

  Rig() {
    web->files[kStore + "/ria-layout-version"] = "1\n";
    web->files[kDataset + "/ria-layout-version"] = "2|l\n";
  }
  Result<std::shared_ptr<HttpDataset>> open() {
    return HttpDataset::open(std::make_shared<Client>(web, nullptr, std::nullopt,
                                                      RetryPolicy{.most_retries = 1}, web->surroundings()),
                             kStore, kId);
  }
};

// From the n-th exchange on, so that retries do not hide it; or only the n-th.
void fail_from(FakeWeb& web, int first, const Result<Reply>& trouble, bool only_once) {
  web.odd = [=](const Request&, int number) -> std::optional<Result<Reply>> {
    const bool hit = only_once ? number == first : number >= first;
    return hit ? std::optional(trouble) : std::nullopt;
  };
}

}  // namespace

TEST_CASE("a dataset behind a server is found as it is") {
  Rig rig;
  const auto dataset = rig.open();
  REQUIRE(dataset);
  rig.web->files[(*dataset)->object_url(kThere)] = "hello";
  CHECK((*dataset)->find(kThere).value() == Presence::present);
  CHECK((*dataset)->find(kNotThere).value() == Presence::absent);
  CHECK((*dataset)->whereabouts(kThere) == (*dataset)->object_url(kThere));
  CHECK((*dataset)->whereabouts(kNotThere) == std::nullopt);
  CHECK((*dataset)->open_object(kNotThere).error().kind == ErrorKind::not_found);
  rig.web->files[(*dataset)->object_url(kThere)] = "hell";
  CHECK((*dataset)->find(kThere).value() == Presence::wrong_size);
  CHECK((*dataset)->open_object(kThere).error().kind == ErrorKind::integrity);
}

TEST_CASE("no trouble at any exchange makes an object absent") {
  const bool only_once = GENERATE(true, false);
  for (const Result<Reply>& trouble : kTroubles) {
    for (int n = 1; n <= 8; ++n) {
      CAPTURE(n, only_once, trouble ? trouble->status : 0);
      Rig rig;
      Rig whole;
      const auto known = whole.open();
      rig.web->files[(*known)->object_url(kThere)] = "hello";
      fail_from(*rig.web, n, trouble, only_once);
      const auto dataset = rig.open();
      if (!dataset) {
        CHECK(dataset.error().kind != ErrorKind::not_found);
        continue;
      }
      const auto there = (*dataset)->find(kThere);
      CHECK((!there || *there == Presence::present || *there == Presence::wrong_size));
      // A page of the right size passes for the object here; its bytes will not match the key.
      const auto not_there = (*dataset)->find(kNotThere);
      CHECK((!not_there || *not_there == Presence::absent || *not_there == Presence::wrong_size));
    }
  }
}

TEST_CASE("absence is not believed of a server that has lost the dataset, or the store") {
  for (const std::string& lost : {kStore, kDataset}) {
    Rig rig;
    const auto dataset = rig.open();
    REQUIRE(dataset);
    std::erase_if(rig.web->files, [&](const auto& file) { return file.first.starts_with(lost); });
    const auto presence = (*dataset)->find(kThere);
    REQUIRE_FALSE(presence);
    CHECK(presence.error().kind == ErrorKind::mount_sick);
    CHECK((*dataset)->open_object(kThere).error().kind == ErrorKind::mount_sick);
  }
}
