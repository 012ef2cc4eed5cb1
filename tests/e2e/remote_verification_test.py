#!/usr/bin/env python3
"""When does git-annex skip the comparison of a retrieved file with its key? Asked of git-annex itself, with a remote that
lies, for every combination of the four settings. What the remote believes (tests/protocol/git_config_test.cpp) must
never be more trusting than this."""

import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import AnnexTest
from microstage_testing import main

LIAR = r"""#!/bin/sh
echo VERSION 1
while read -r word rest; do
  case $word in
    EXTENSIONS) echo EXTENSIONS ;;
    INITREMOTE | PREPARE) echo "$word-SUCCESS" ;;
    TRANSFER)
      set -- $rest
      file=${rest#"$1 $2 "}
      [ "$1" = STORE ] || echo liar >"$file"
      echo "TRANSFER-SUCCESS $1 $2" ;;
    CHECKPRESENT) echo "CHECKPRESENT-SUCCESS $rest" ;;
    *) echo UNSUPPORTED-REQUEST ;;
  esac
done
"""
ALLOW = "security-allow-unverified-downloads"


class Verification(AnnexTest):
    def settings(self):
        """The settings, and whether git-annex verifies under them."""
        rows = itertools.product((None, "ACKTHPPT", "yes"), (None, "ACKTHPPT"), (None, "true", "false"),
                                 (None, "true", "false"))
        for allow_remote, allow_all, verify_remote, verify_all in rows:
            given = {f"remote.liar.annex-{ALLOW}": allow_remote, f"annex.{ALLOW}": allow_all,
                     "remote.liar.annex-verify": verify_remote, "annex.verify": verify_all}
            allowed = (allow_remote or allow_all) == "ACKTHPPT"  # the remote itself takes either for a permission
            off = "false" in (verify_remote, verify_all)
            yield {name: value for name, value in given.items() if value}, not (allowed and off)

    def test_the_truth_table(self):
        wrap = self.wrapper_directory(self.root, "git-annex-remote-liar", LIAR)
        self.env = self.env_with(wrap)
        clone = self.root / "clone"
        self.run_ok("git", "init", "--quiet", clone)
        self.annex(clone, "init", "--quiet", "here")
        self.annex(clone, "initremote", "liar", "type=external", "externaltype=liar", "encryption=none")
        (clone / "file").write_bytes(b"truth")  # of one length with the lie, whose line end it lacks
        self.annex(clone, "add", "--quiet", "file")
        self.git(clone, "commit", "--quiet", "-m", "file")
        self.annex(clone, "copy", "--quiet", "--to", "liar", "file")
        for given, verifies in self.settings():
            with self.subTest(given=given):
                self.annex(clone, "drop", "--quiet", "--force", "file")
                options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
                result = self.run_raw("git", "-C", clone, *options, "annex", "get", "file")
                self.assertEqual(result.returncode == 0, not verifies, result.stderr)


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
