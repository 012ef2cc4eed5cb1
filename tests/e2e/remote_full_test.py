#!/usr/bin/env python3
"""A real file system that runs out of bytes, or of inodes, under the store and under the clone: one clear line for each
object, nothing half-stored, nothing that blocks others, and everything goes on when there is room."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import VERIFY_ONCE, AnnexTest, random_bytes
from file_systems import MIB, cannot_mount, mount
from microstage_testing import main

class Full(AnnexTest):
    def refused_lines(self, result, words):
        self.assertNotEqual(result.returncode, 0)
        lines = [line for line in (result.stdout + result.stderr).splitlines() if words in line]
        self.assertTrue(lines, result.stdout + result.stderr)
        return lines

    def check_store(self, dataset, content_of_key):
        for name, path in self.objects(dataset).items():
            self.assertEqual(path.read_bytes(), content_of_key[name])
        self.assertFalse((dataset / ".microstage").exists())

    def test_store_without_bytes(self):
        ballast = mount(self, "store") / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 9 * MIB)
        dataset = self.make_store()
        files = {f"plane{i}": random_bytes(MIB + i, i) for i in range(6)}
        clone = self.make_clone(files=files)
        content = {self.key(clone, name): content for name, content in files.items()}
        self.refused_lines(self.try_annex(clone, "copy", "--to", "cap"), "No space left on device")
        self.assertTrue(0 < len(self.objects(dataset)) < len(files))
        self.check_store(dataset, content)
        ballast.unlink()
        self.annex(clone, "copy", "--to", "cap")
        self.assertEqual(set(self.objects(dataset)), set(content))
        self.check_store(dataset, content)

    def test_store_without_inodes(self):
        mount(self, "store", "mkfs.ext4", "-q", "-m", "0", "-N", "64")
        dataset = self.make_store()
        files = {f"plane{i:02}": random_bytes(3000 + i, i) for i in range(20)}
        clone = self.make_clone(files=files)
        content = {self.key(clone, name): content for name, content in files.items()}
        self.refused_lines(self.try_annex(clone, "copy", "--to", "cap"), "no inodes left")
        stored = set(self.objects(dataset))
        self.assertTrue(0 < len(stored) < len(files), stored)
        self.check_store(dataset, content)
        for name in files:  # what goes makes room, directories included
            if self.key(clone, name) in stored:
                self.annex(clone, "drop", "--force", "--from", "cap", name)
        self.try_annex(clone, "copy", "--to", "cap")
        self.assertGreaterEqual(len(self.objects(dataset)), len(stored))
        self.check_store(dataset, content)

    def test_clone_without_bytes(self):
        files = {f"plane{i}": random_bytes(3 * MIB + i, i) for i in range(4)}
        dataset = self.make_store()
        origin = self.make_clone("origin", files=files)
        self.annex(origin, "copy", "--quiet", "--to", "cap")
        place = mount(self, "fast")
        clone = self.other_clone(origin, "fast/clone")
        self.configure(clone, {"annex.diskreserve": "0", "annex.gitaddtoannex": "false"})
        for settings in ({}, VERIFY_ONCE):
            with self.subTest(settings=settings):
                self.configure(clone, settings)
                with (place / "ballast").open("wb") as file:  # git-annex looks first; this grows while we copy
                    os.posix_fallocate(file.fileno(), 0, 8 * MIB)
                result = self.try_annex(clone, "get", "--force", "--from", "cap")
                self.refused_lines(result, "No space left on device")
                got = [name for name in files if (clone / name).exists()]
                self.assertLess(len(got), len(files))
                for name in got:
                    self.assertEqual((clone / name).read_bytes(), files[name])
                (place / "ballast").unlink()
                self.annex(clone, "get", "--from", "cap")
                for name, content in files.items():
                    self.assertEqual((clone / name).read_bytes(), content)
                self.assertEqual(self.litter(dataset, clone), [])
                self.annex(clone, "drop", "--force", ".")


if __name__ == "__main__":
    if reason := cannot_mount():
        print("SKIP:", reason)
        sys.exit(77)
    main(needs=("git", "git-annex"))
