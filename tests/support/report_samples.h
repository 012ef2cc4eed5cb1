#pragma once
// Reports as the remote makes them, for tests of spools.

#include <string>

#include "lib/control/report.h"

namespace microstage::testing {

inline const std::string kSpoolId = "0123456789abcdef0123456789abcdef";

// The n-th of a series that differs in key, time and size.
inline control::Report sample_report(std::uint64_t n = 0) {
  control::Report report;
  report.time_us = 1'795'000'000'000'000 + n;
  report.action = control::Action::store;
  report.dataset = "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01";
  report.key = "SHA256E-s65536--" + std::string(56, 'a') + std::to_string(10'000'000 + n) + ".tif";
  report.bytes = 65536 + n;
  report.duration_us = 8323;
  report.verified = control::Verified::hashed;
  report.hash = "sha256:" + std::string(64, 'a');
  report.clone_uuid = "b58c3a10-9144-4047-add8-9edf671f7aaa";
  report.clone = "/fast/section";
  report.store_uuid = "ed893903-bd25-4255-ae7a-ed73bad98ffe";
  report.store = "ria+file:///data/store";
  report.program = "git-annex-remote-microstage 0.1.0";
  report.host = "node1";
  report.user = "alice";
  report.uid = 1000;
  report.pid = 4711;
  report.slurm_job = "99";
  return report;
}

// With everything that a line can hold, and names that are no text.
inline control::Report strange_report() {
  control::Report report = sample_report();
  report.action = control::Action::rename;
  report.outcome = control::Outcome::failed;
  report.error = ErrorKind::space_inodes;
  report.message = "no inodes \"left\"";
  report.path = "a\\b/\xff\xfe \"\xc3\xa9\"\n\x01\x7f\xf0\x9f\xa7\xa0";
  report.new_path = "\xed\xa0\x80\xc0\xaf";  // a surrogate and an overlong slash, which are no UTF-8
  report.verified = control::Verified::follow;
  return report;
}

}  // namespace microstage::testing
