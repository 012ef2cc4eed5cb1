#!/usr/bin/env python3
"""The main job with stock DataLad: a real section goes to the store and comes back; so do several at once; and a scientist's
clone pushes its results without having configured anything."""

import json
import os
import pathlib
import re
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK  # noqa: E402
from microstage_testing import BIN, MicrostageTest, digests, main  # noqa: E402


class DataladTest(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.init()

    def datalad(self, *words, **kwargs):
        """The result records."""
        text = self.run_ok("datalad", "-f", "json", *words, **kwargs)
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def clone(self, dataset, name, env=None):
        path = self.root / name
        self.datalad("clone", f"ria+file://{self.store}#{self.dataset_id(dataset)}", path, env=env)
        return path

    def in_store(self, dataset, path):
        """Does the store have the object of this annexed file, with the right bytes?"""
        key = self.git(dataset, "annex", "lookupkey", path)
        objects = [o for o in self.place(self.origin).rglob(key) if o.is_file()]
        return len(objects) == 1 and objects[0].read_bytes() == (pathlib.Path(dataset) / path).read_bytes()


class Made(DataladTest):
    """The tests' own quick way to make datasets makes what DataLad makes."""

    def describe(self, brain):
        """All that is committed, the attributes and the settings; of what is different each time, that it is there."""
        found = {}
        for dataset in (brain, brain / "left"):
            listing = self.git(dataset, "ls-tree", "-r", "HEAD").splitlines()
            found[dataset.name == "left"] = {
                "tree": [(line.split()[:2], line.split("\t")[1]) for line in listing],
                "links": [(path.name, os.readlink(path)) for path in sorted(dataset.rglob("*.tif")) if path.is_symlink()],
                "attributes": [(dataset / name).read_text() for name in (".gitattributes", ".datalad/.gitattributes")],
                "dataset": re.sub("[0-9a-f]", "0", (dataset / ".datalad/config").read_text()),
                "settings": sorted(self.git(dataset, "config", "--local", "--list", "--name-only").splitlines()),
                "status": self.git(dataset, "status", "--porcelain"),
                "branches": self.git(dataset, "branch", "--format", "%(refname)")}
        settings = self.git(brain, "config", "--file", ".gitmodules", "--list")
        return found, settings.replace(self.dataset_id(brain / "left"), "ID").splitlines()

    def test_is_what_datalad_makes(self):
        ours, theirs = self.root / "ours", self.root / "theirs"
        self.create_dataset(ours)
        self.add_subdataset(ours, ours / "left")
        self.datalad("create", theirs)
        self.datalad("create", "-d", theirs, theirs / "left")
        for brain in (ours, theirs):
            (brain / "left/planes").mkdir()
            (brain / "left/planes/plane.tif").write_bytes(b"plane")
        self.save(ours / "left")
        self.save(ours)
        self.datalad("save", "-r", "-d", theirs)
        self.assertEqual(self.describe(ours), self.describe(theirs))


class Section(DataladTest):
    def test_goes_to_the_store_and_comes_back(self):
        dataset = self.make_dataset(planes=29)
        self.connect(dataset, "--alias", "B20_0197")
        wanted = digests(dataset)
        self.assertEqual(len(wanted), 29)
        self.datalad("push", "-d", dataset, "--to", "capacity")
        clone = self.root / "clone"
        self.datalad("clone", f"ria+file://{self.store}#~B20_0197", clone)
        got = self.datalad("get", "-J2", ".", cwd=clone)
        self.assertEqual(sum(record["type"] == "file" for record in got), 29)
        self.assertEqual(digests(clone), wanted)

        self.datalad("drop", ".", cwd=clone)
        self.assertFalse(any(path.exists() for path in (clone / "planes").iterdir()), "nothing was dropped")
        self.datalad("get", ".", cwd=clone)
        self.assertEqual(digests(clone), wanted)

        whereis = self.git(clone, "annex", "whereis", "planes")
        self.assertEqual(whereis.count(f"capacity-storage: {self.place(dataset)}/annex/objects/"), 29)
        info = json.loads(self.git(clone, "annex", "info", "--json", "capacity-storage"))
        self.assertEqual(info["store"], f"ria+file://{self.store}")
        self.assertEqual(info["dataset"], self.dataset_id(dataset))
        self.assertTrue(info["loose objects"].startswith("29 ("), info)
        self.git(clone, "annex", "fsck", "--from", "capacity-storage")

    def test_without_the_store_and_without_our_program(self):
        dataset = self.make_dataset(planes=2)
        self.connect(dataset)
        self.push(dataset)
        self.is_got_by_stock_datalad(dataset)
        self.is_not_dropped_when_the_store_is_away(dataset)
        self.failure_reaches_the_user_as_one_line_that_says_what_to_do(dataset)

    def is_not_dropped_when_the_store_is_away(self, dataset):
        self.store.rename(self.root / "unmounted")
        result = self.run_raw("datalad", "-f", "json", "drop", ".", cwd=dataset)
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(len(digests(dataset)), 2)
        result = self.run_raw("git", "-C", dataset, "annex", "fsck", "--fast", "--from", "capacity-storage")
        self.assertNotEqual(result.returncode, 0)
        (self.root / "unmounted").rename(self.store)
        self.git(dataset, "annex", "fsck", "--fast", "--from", "capacity-storage")
        self.datalad("drop", ".", cwd=dataset)

    def failure_reaches_the_user_as_one_line_that_says_what_to_do(self, dataset):
        self.store.rename(self.root / "unmounted")
        result = self.run_raw("datalad", "-f", "json", "get", "planes", cwd=dataset)
        (self.root / "unmounted").rename(self.store)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(f"the store {self.store} is not there; is its file system mounted", result.stdout)

    def is_got_by_stock_datalad(self, dataset):
        without = {**self.env, "PATH": self.path_without_microstage()}
        self.assertIsNone(shutil.which("git-annex-remote-microstage", path=without["PATH"]))
        clone = self.clone(dataset, "clone", env=without)
        self.run_ok("datalad", "get", ".", cwd=clone, env=without)
        self.assertEqual(digests(clone), digests(dataset))

    def path_without_microstage(self):
        return os.pathsep.join(directory for directory in self.env["PATH"].split(os.pathsep)
                               if pathlib.Path(directory) != BIN and
                               not (pathlib.Path(directory) / "git-annex-remote-microstage").exists())


class Results(DataladTest):
    """What a scientist adds in a clone reaches the store with a plain push."""

    def add_result(self, clone, name):
        (clone / name).write_bytes(os.urandom(5000))
        self.save(clone, name)
        self.datalad("push", "--to", "origin", cwd=clone)

    def test_from_a_clone_and_a_clone_of_it(self):
        self.origin = self.make_dataset(planes=1)
        self.connect(self.origin)
        self.push(self.origin)
        first = self.clone(self.origin, "clone")
        self.add_result(first, "segmentation.h5")
        self.assertTrue(self.in_store(first, "segmentation.h5"))
        self.git(first, "config", "receive.denyCurrentBranch", "updateInstead")
        self.datalad("clone", first, self.root / "second")
        self.add_result(self.root / "second", "masks.h5")
        self.assertTrue(self.in_store(self.root / "second", "masks.h5"))
        # A choice of the user is left alone.
        self.git(first, "config", "remote.origin.datalad-publish-depends", "elsewhere")
        self.git(first, "annex", "enableremote", "capacity-storage")
        self.assertEqual(self.git(first, "config", "remote.origin.datalad-publish-depends"), "elsewhere")


class Brain(DataladTest):
    """A superdataset with a subdataset for each section."""

    SECTIONS = 10 if SOAK else 4

    def test_sections_go_and_come_together(self):
        brain = self.make_dataset("brain")
        for number in range(self.SECTIONS):
            section = brain / f"B20_{number:04}"
            self.add_subdataset(brain, section)
            (section / "plane.tif").write_bytes(os.urandom(30_000))
            self.save(section)
        self.save(brain, "sections")
        self.assertEqual(len(self.connect(brain, "--recursive", "--jobs", "2")), self.SECTIONS + 1)
        wanted = digests(brain)
        self.assertEqual(len(wanted), self.SECTIONS)
        self.datalad("push", "-r", "-d", brain, "--to", "capacity")
        clone = self.clone(brain, "clone")
        self.datalad("get", "-r", "-J4", ".", cwd=clone)
        self.assertEqual(digests(clone), wanted)


if __name__ == "__main__":
    main()
