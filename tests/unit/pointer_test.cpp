#include "lib/annex/pointer.h"

#include "tests/support/catch.h"

using namespace microstage;
using annex::key_of_link;
using annex::key_of_pointer;

namespace {

const std::string kKey = "SHA256E-s3--98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4.tif";

std::string text_of(const std::optional<annex::Key>& key) {
  return key ? key->text() : "";
}

}  // namespace

TEST_CASE("a link into annex/objects names its key, wherever it starts from and whatever its directories") {
  CHECK(text_of(key_of_link(".git/annex/objects/aa/bb/" + kKey + "/" + kKey)) == kKey);
  CHECK(text_of(key_of_link("../../.git/annex/objects/" + kKey + "/" + kKey)) == kKey);
  CHECK(text_of(key_of_link("../.git/modules/sub/annex/objects/Zz/0k/x/" + kKey)) == kKey);
  CHECK(text_of(key_of_link(".git/annex/objects/a/b/x/URL--http&c%%example.org%a&ab&sc")) ==
        "URL--http://example.org/a&b%c");
}

TEST_CASE("other links are no annexed files") {
  for (const std::string& target :
       {std::string(), std::string("/"), kKey, "objects/" + kKey, std::string(".git/annex/objects/"),
        ".git/annex/objects/" + kKey + "/", std::string(".git/annex/objects/x"),
        std::string(".git/annex/objects/a b--c"), std::string("/annex/objects/..")}) {
    CAPTURE(target);
    CHECK_FALSE(key_of_link(target));
  }
}

TEST_CASE("a pointer file names its key, with more lines only about the annex") {
  const std::string pointer = "/annex/objects/" + kKey;
  for (const std::string& end :
       {std::string(), std::string("\n"), std::string("\r\n"), std::string("\nmore: see /annex/ somewhere\n"),
        std::string("\n/annex/a\n/annex/b\n")}) {
    CAPTURE(end);
    CHECK(text_of(key_of_pointer(pointer + end)) == kKey);
  }
  for (const std::string& content :
       {pointer + "\nand text\n", pointer + "\n/annex/ cut off", pointer + "\n\n", "text\n" + pointer,
        pointer + "\n" + std::string(annex::kLongestPointer, 'x') + "/annex/\n", std::string()}) {
    CHECK_FALSE(key_of_pointer(content));
  }
  CHECK(text_of(key_of_pointer("../.git/annex/objects/aa/bb/" + kKey + "/" + kKey)) == kKey);
}
