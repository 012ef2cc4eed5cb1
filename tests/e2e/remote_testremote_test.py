#!/usr/bin/env python3
"""git-annex's own test of a remote: in full on a plain one, quickly for the other configurations."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK, VERIFY_ONCE, AnnexTest
from microstage_testing import main

PLAIN = ("encryption=none",)
CHUNKED = ("encryption=none", "chunk=1MiB")
SHARED = ("encryption=shared",)
BOTH = ("encryption=shared", "chunk=1MiB")


class TestRemote(AnnexTest):
    def setUp(self):
        super().setUp()
        # gpg makes passphrases expensive to guess, a fifth of a second for each of thousands of chunks.
        gnupg = self.root / "home/.gnupg"
        gnupg.mkdir(mode=0o700)
        (gnupg / "gpg.conf").write_text("s2k-count 2048\n")

    def check(self, parameters, *options, layout="2", settings=None, env=None):
        dataset = self.make_store(layout=layout)
        clone = self.make_clone(parameters=parameters)
        self.configure(clone, settings or {})
        # Verify-once refuses the chunks that the whole test makes. Chunks of a thousand bytes that are encrypted take
        # a gpg each, hours in all; the whole test of a plain remote has them, too.
        whole = SOAK and settings != VERIFY_ONCE and "encryption=shared" not in parameters
        output = self.annex(clone, "testremote", "cap", *(() if whole else options), env=env)
        self.assertIn("All", output)
        self.assertNotIn("FAIL", output)
        self.assertEqual(self.objects(dataset), {})
        self.assertEqual(self.litter(dataset, clone), [])

    def test_plain(self):
        self.check(PLAIN)

    def test_layout_version_1(self):
        self.check(PLAIN, "--fast", layout="1")

    def test_chunked(self):
        self.check(CHUNKED, "--fast")

    def test_encrypted(self):
        self.check(SHARED, "--fast")

    def test_chunked_and_encrypted(self):
        self.check(BOTH, "--fast")

    def test_verify_once(self):
        self.check(PLAIN, "--fast", settings=VERIFY_ONCE)

    def test_protocol_version_1(self):
        self.check(PLAIN, "--fast", env=self.env_with(MICROSTAGE_PROTOCOL="1"))

    def test_without_async(self):
        self.check(PLAIN, "--fast", env=self.plain_env())


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
