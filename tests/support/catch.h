#pragma once
// The one place that includes Catch2, for its versions 2.13 and 3. Write only what both understand: no SKIP,
// no ContainsSubstring, no Approx, matchers always as Catch::Matchers::X. Assertions belong to the test's
// thread alone.

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
