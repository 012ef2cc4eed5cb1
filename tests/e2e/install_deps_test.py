#!/usr/bin/env python3
"""install-deps on machines that are played by a handful of scripts: it does nothing when nothing is missing, and
says in one line what it cannot do."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(os.environ["MICROSTAGE_SOURCE"]) / "packaging/install-deps"
TOOLS = ("bash", "cat", "env", "grep", "mktemp", "rm", "tail")


class InstallDeps(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="install-deps-"))
        self.addCleanup(shutil.rmtree, self.root)
        for tool in TOOLS:
            (self.root / tool).symlink_to(shutil.which(tool))
        self.calls = self.root / "calls"
        self.play("id", "echo 0")
        self.play("dpkg-query", "echo installed")
        self.play("apt-get", 'echo "$@" >>"$CALLS"')

    def play(self, tool, body):
        path = self.root / tool
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def run_script(self, *options, status=0):
        result = subprocess.run([SCRIPT, *options], capture_output=True, text=True,
                                env={"PATH": str(self.root), "CALLS": str(self.calls)})
        self.assertEqual(result.returncode, status, result)
        # Whatever went wrong, it is one line.
        if status:
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        return result

    def apt_calls(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def test_nothing_missing_nothing_done(self):
        self.play("id", "echo 1000")
        result = self.run_script()
        self.assertEqual((result.stdout, result.stderr, self.apt_calls()), ("", "", []))

    def test_installs_only_what_is_missing(self):
        self.play("dpkg-query", 'for last; do :; done; case $last in cmake|catch2) exit 1;; esac; echo installed')
        self.assertEqual(self.run_script("--list").stdout.split(), ["cmake", "catch2"])
        self.assertEqual(self.run_script("--run").stdout, "")
        self.assertEqual(self.run_script("--build").stdout, "install-deps: installing cmake\n")
        update, install = self.apt_calls()
        self.assertTrue(update.endswith(" update"), update)
        self.assertTrue(install.endswith(" install -y --no-install-recommends cmake"), install)

    def test_removed_but_configured_is_missing(self):
        self.play("dpkg-query", "echo config-files")
        self.assertIn("git-annex", self.run_script("--run", "--list").stdout.split())

    def test_one_of_two_names_is_enough(self):
        self.play("dpkg-query", 'for last; do :; done; case $last in git-annex) exit 1;; esac; echo installed')
        self.assertEqual(self.run_script("--run").stdout, "")

    def test_uses_sudo_and_says_when_it_may_not(self):
        self.play("id", "echo 1000")
        self.play("dpkg-query", "exit 1")
        self.assertIn("needs root or sudo", self.run_script("--run", status=1).stderr)
        self.play("sudo", "exit 1")
        self.assertIn("sudo refused", self.run_script("--run", status=1).stderr)
        self.play("sudo", 'test "$1" = -n && shift; exec "$@"')
        self.play("true", "exit 0")
        self.run_script("--run")
        self.assertEqual(len(self.apt_calls()), 2)

    def test_repeats_the_reason_of_apt(self):
        self.play("dpkg-query", "exit 1")
        self.play("apt-get", "echo 'W: so what'; echo 'E: Unable to locate package git' >&2; exit 100")
        self.assertIn("apt-get update failed: Unable to locate package git", self.run_script("--run", status=1).stderr)

    def test_no_debian(self):
        (self.root / "apt-get").unlink()
        self.assertIn("no Debian system", self.run_script(status=1).stderr)

    def test_never_the_wrong_boost(self):
        self.play("dpkg-query", "exit 1")
        self.assertNotIn("libboost-dev", self.run_script("--list").stdout.split())

    def test_wrong_usage(self):
        self.assertIn("--help", self.run_script("--bogus", status=2).stderr)


if __name__ == "__main__":
    unittest.main()
