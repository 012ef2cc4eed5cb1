#!/usr/bin/env python3
"""A real file system that runs out of bytes, or of inodes, under an export tree: one clear line for each file, nothing
half-written, the old files stay, and the next export after there is room makes the tree the commit's."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import random_bytes, wait_until
from export_bench import ExportTest
from file_systems import MIB, cannot_mount, mount
from microstage_testing import main


class Full(ExportTest):
    def mount_tree(self, *make):
        place = mount(self, "small", *make)
        self.tree = place / "tree"
        self.tree.mkdir()
        return place

    def refused(self, clone, words):
        result = self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertNotEqual(result.returncode, 0)
        lines = [line for line in (result.stdout + result.stderr).splitlines() if words in line]
        self.assertTrue(lines, result.stdout + result.stderr)

    def check_part(self, files):
        """Whole files of the commit, some of them, and no litter."""
        wait_until(lambda: not (self.tree / ".microstage").exists(), 5)
        there = self.tree_files()
        self.assertEqual({name: files.get(name) for name in there}, there)
        self.assertTrue(0 < len(there) < len(files), sorted(there))

    def test_without_bytes(self):
        ballast = self.mount_tree() / "ballast"
        files = {f"d/plane{i}": random_bytes(MIB + i, i) for i in range(6)}
        clone = self.make_export_clone(files)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 9 * MIB)
        self.refused(clone, "No space left on device")
        self.check_part(files)
        ballast.unlink()
        self.export(clone)

    def test_replacing_and_renaming_without_room(self):
        ballast = self.mount_tree() / "ballast"
        old = {f"plane{i}": random_bytes(2 * MIB + i, i) for i in range(3)}
        clone = self.make_export_clone(old)
        self.export(clone)
        with ballast.open("wb") as file:
            space = os.statvfs(self.tree)
            os.posix_fallocate(file.fileno(), 0, space.f_bavail * space.f_frsize - MIB)
        new = {f"plane{i}": random_bytes(3 * MIB + i, 10 + i) for i in range(2)}
        self.change(clone, new, moves=[("plane2", "moved/plane2")])
        self.refused(clone, "No space left on device")
        wait_until(lambda: not (self.tree / ".microstage").exists(), 5)
        there = self.tree_files()
        self.assertEqual(there.get("moved/plane2"), old["plane2"])  # for that no room is needed
        for name in set(there) - {"moved/plane2"}:
            self.assertIn(there[name], (old.get(name), new.get(name)), name)
        ballast.unlink()
        self.export(clone)

    def test_without_inodes(self):
        place = self.mount_tree("mkfs.ext4", "-q", "-m", "0", "-N", "48")
        files = {f"d{i:02}/plane": random_bytes(3000 + i, i) for i in range(24)}
        clone = self.make_export_clone(files)
        for number in range(12):
            (place / f"ballast{number}").write_bytes(b"")
        self.refused(clone, "no inodes left")
        self.check_part(files)
        for path in place.glob("ballast*"):
            path.unlink()
        self.change(clone, {name: None for name in sorted(files)[14:]})
        self.export(clone)


if __name__ == "__main__":
    if reason := cannot_mount():
        print("SKIP:", reason)
        sys.exit(77)
    main(needs=("git", "git-annex"))
