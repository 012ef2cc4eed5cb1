#include "lib/core/ids.h"

#include "tests/support/catch.h"

using namespace microstage;

TEST_CASE("a dataset id is a lower-case UUID and becomes two path components") {
  const auto id = DatasetId::parse("b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01");
  REQUIRE(id);
  CHECK(id->text() == "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01");
  CHECK(id->store_path() == "b24/c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01");
}

TEST_CASE("nothing but a UUID can become a dataset's path") {
  for (const std::string_view bad :
       {"", "..", "../../etc/passwd", "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c0",
        "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c011", "B24C7F1A-90D1-4F0E-8A52-3D1F8E6B7C01",
        "b24c7f1a_90d1_4f0e_8a52_3d1f8e6b7c01", "../c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01",
        "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c0\n", "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7/01"}) {
    CAPTURE(bad);
    const auto id = DatasetId::parse(bad);
    REQUIRE_FALSE(id);
    CHECK(id.error().kind == ErrorKind::invalid);
    CHECK(id.error().message.find('\n') == std::string::npos);
  }
}

TEST_CASE("an alias is one plain path component") {
  for (const std::string& good :
       {std::string("B20_0197"), std::string("a b"), std::string("sch\xc3\xb6n"), std::string("\xff"),
        std::string(255, 'x'), std::string("x.y"), std::string("-x")}) {
    CAPTURE(good);
    const auto alias = Alias::parse(good);
    REQUIRE(alias);
    CHECK(alias->text() == good);
  }
  for (const std::string& bad : {std::string(), std::string("."), std::string(".."), std::string(".hidden"),
                                 std::string("a/b"), std::string("/a"), std::string("a\nb"),
                                 std::string("a\x7f"), std::string("a\0b", 3), std::string(256, 'x')}) {
    CAPTURE(bad);
    CHECK_FALSE(Alias::parse(bad));
  }
}
