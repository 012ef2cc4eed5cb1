#!/usr/bin/env python3
"""microstage connect --recursive: a superdataset with nested sections in one go, each with its own fate."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import MicrostageTest, digests, main, remove_tree

SECTIONS = ("left/B20_0001", "left/B20_0002", "left", "extra")


class Recursive(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.brain = self.root / "brain"
        template = self.template("brain")
        if not template.exists():
            self.make_brain(template)
        self.run_ok("cp", "-aT", template, self.brain)

    def make_brain(self, brain):
        self.create_dataset(brain)
        for name in ("left", "left/B20_0001", "left/B20_0002", "extra"):
            self.add_subdataset(brain / pathlib.Path(name).parent, brain / name)
        for name in ("left/B20_0001", "left/B20_0002"):
            self.make_planes(brain / name, 2)
        for name in ("left/B20_0001", "left/B20_0002", "left", "."):
            self.save(brain / name)

    def test_connects_all_and_push_r_fills_the_store(self):
        results = self.connect(self.brain, "-r", "--jobs", "3", "--alias", "B20", "--verify-once")
        self.assertEqual({r["path"]: r["result"] for r in results},
                         {str(self.brain): "connected", **{str(self.brain / s): "connected" for s in SECTIONS}})
        self.assertEqual([r["path"] for r in results if "alias" in r], [str(self.brain)])
        self.assertEqual(len(set(r["uuid"] for r in results)), 5)
        again = self.connect(self.brain, "-r", "--alias", "B20", "--verify-once")
        self.assertEqual({r["result"] for r in again}, {"unchanged"})

        planes = digests(self.brain)
        self.run_ok("datalad", "push", "-d", self.brain, "-r", "--to", "capacity")
        clone = self.root / "clone"
        self.run_ok("datalad", "clone", f"ria+file://{self.store}#~B20", clone)
        self.run_ok("datalad", "get", "-d", clone, "-r", "-J2", clone)
        self.assertEqual(digests(clone), planes)

    def test_not_installed_is_skipped_and_a_failure_stops_nobody(self):
        clone = self.root / "clone"
        self.clone_dataset(self.brain, clone)
        self.run_ok("datalad", "get", "-d", clone, "-n", clone / "left", clone / "left/B20_0001")
        text = self.run_ok("microstage", "connect", clone, "--store", self.store, "-r")
        self.assertIn(f"skipped {clone}/left/B20_0002  (not installed", text)
        self.assertIn(f"skipped {clone}/extra  (not installed", text)
        self.assertIn(f"connected {clone}/left/B20_0001 -> {self.store}/", text)
        self.assertIn("next: datalad push -r --to capacity", text)

        self.git(self.brain / "left", "remote", "add", "capacity", "https://example.org/other")
        self.git(self.brain, "fetch", "-q", clone, "git-annex:refs/remotes/clone/git-annex")
        self.git(self.brain / "left/B20_0001", "fetch", "-q", clone / "left/B20_0001",
                 "git-annex:refs/remotes/clone/git-annex")
        result = self.run_raw("microstage", "connect", self.brain, "--store", self.store, "-r", "-J", "2")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(f"{self.brain}/left already has a sibling", result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for name in ("left/B20_0001", "left/B20_0002", "extra"):
            self.assertIn(f"connected {self.brain}/{name} -> ", result.stdout)
        self.assertEqual(len(self.remote_log(self.brain)), 2)

    def test_removed_subdataset_path_is_skipped(self):
        remove_tree(self.brain / "left")
        results = self.connect(self.brain, "-r")
        self.assertEqual({r["path"]: r["result"] for r in results},
                         {str(self.brain): "connected", str(self.brain / "left"): "skipped",
                          str(self.brain / "extra"): "connected"})


if __name__ == "__main__":
    main()
