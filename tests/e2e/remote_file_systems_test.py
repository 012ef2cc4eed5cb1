#!/usr/bin/env python3
"""What real file systems do to a transfer: shared blocks, holes, quotas and media that cannot be read any more."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import VERIFY_ONCE, AnnexTest, random_bytes
from file_systems import MIB, cannot_mount, mount
from microstage_testing import main

WAYS = ({}, VERIFY_ONCE)


def used(place):
    status = os.statvfs(place)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def forget(path):
    """Takes the file out of the page cache."""
    with path.open("rb") as file:
        os.fdatasync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class FileSystems(AnnexTest):
    def refused_lines(self, result, words):
        self.assertNotEqual(result.returncode, 0)
        lines = [line for line in (result.stdout + result.stderr).splitlines() if words in line]
        self.assertTrue(lines, result.stdout + result.stderr)

    def test_one_file_system_shares_its_blocks(self):
        place = mount(self, "xfs", "mkfs.xfs", "-q", "-m", "reflink=1", megabytes=320)
        dataset = self.make_store("xfs/store")
        content = random_bytes(24 * MIB + 5, 1)
        clone = self.make_clone("xfs/clone", files={"plane.tif": content}, store="xfs/store")
        os.sync()
        before = used(place)
        self.annex(clone, "copy", "--to", "cap")
        stored, = self.objects(dataset).values()
        self.assertEqual(stored.read_bytes(), content)
        for settings in WAYS:
            with self.subTest(settings=settings):
                self.configure(clone, settings)
                self.annex(clone, "drop", ".")
                self.annex(clone, "get", "--from", "cap")
                self.assertEqual((clone / "plane.tif").read_bytes(), content)
                os.sync()
                self.assertLess(used(place) - before, 8 * MIB)
        self.damage(stored, "flip")  # what was shared is not touched
        self.assertEqual((clone / "plane.tif").read_bytes(), content)
        self.annex(clone, "drop", "--force", ".")
        self.refused_lines(self.try_annex(clone, "get", "--from", "cap"), "is damaged")
        self.assertFalse((clone / "plane.tif").exists())

    def test_holes_stay_holes(self):
        mount(self, "store", megabytes=32)
        dataset = self.make_store()
        clone = self.make_clone()
        piece = random_bytes(3 * MIB, 2)
        with (clone / "plane.tif").open("wb") as file:  # larger than the store
            file.write(piece)
            file.seek(60 * MIB)
            file.write(piece)
            file.truncate(100 * MIB)
        self.annex(clone, "add", "plane.tif")
        self.annex(clone, "copy", "--to", "cap")
        for settings in WAYS:
            with self.subTest(settings=settings):
                self.configure(clone, settings)
                self.annex(clone, "drop", ".")
                self.annex(clone, "get", "--from", "cap")
                status = (clone / "plane.tif").stat()
                self.assertEqual(status.st_size, 100 * MIB)
                self.assertLess(status.st_blocks * 512, 16 * MIB)
                self.annex(clone, "fsck", ".")
        self.assertLess(next(iter(self.objects(dataset).values())).stat().st_blocks * 512, 16 * MIB)

    def test_quota(self):
        place = mount(self, "store", "mkfs.btrfs", "-q", megabytes=128)
        self.run_ok("btrfs", "quota", "enable", place)
        self.run_ok("btrfs", "qgroup", "limit", f"{8 * MIB}", place)
        dataset = self.make_store()
        files = {f"plane{i}": random_bytes(3 * MIB + i, i) for i in range(4)}
        clone = self.make_clone(files=files)
        self.refused_lines(self.try_annex(clone, "copy", "--to", "cap"), "quota")
        self.assertLess(len(self.objects(dataset)), len(files))
        self.run_ok("btrfs", "qgroup", "limit", "none", place)
        self.annex(clone, "copy", "--to", "cap")
        self.assertEqual({path.read_bytes() for path in self.objects(dataset).values()}, set(files.values()))
        self.assertEqual(self.litter(dataset, clone), [])

    def test_medium_that_cannot_be_read(self):
        place = mount(self, "store", megabytes=64)
        with (place / "first").open("wb") as file:  # so that the object lies behind it
            os.posix_fallocate(file.fileno(), 0, 16 * MIB)
        dataset = self.make_store()
        content = random_bytes(8 * MIB, 3)
        clone = self.make_clone(files={"plane.tif": content})
        self.annex(clone, "copy", "--to", "cap")
        self.annex(clone, "drop", ".")
        stored, = self.objects(dataset).values()
        os.sync()
        image = self.root / "store.img"
        whole = image.read_bytes()
        end = whole.rindex(content[-4096:])  # the last block of the object is cut off the medium
        for settings in WAYS:
            with self.subTest(settings=settings):
                self.configure(clone, settings)
                os.truncate(image, end)
                forget(stored)
                forget(image)
                self.refused_lines(self.try_annex(clone, "get", "--from", "cap"), "Input/output error")
                self.assertFalse((clone / "plane.tif").exists())
                with image.open("r+b") as file:
                    file.seek(end)
                    file.write(whole[end:])
                forget(stored)
                self.annex(clone, "get", "--from", "cap")
                self.assertEqual((clone / "plane.tif").read_bytes(), content)
                self.annex(clone, "drop", ".")


if __name__ == "__main__":
    if reason := cannot_mount("mkfs.xfs", "mkfs.btrfs", "btrfs"):
        print("SKIP:", reason)
        sys.exit(77)
    main(needs=("git", "git-annex"))
