#!/usr/bin/env python3
"""microstage plan on what DataLad and git-annex made: the names that people use, sections that are archived, staged in
part, in a superdataset; and what each would move is what git annex find says."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import MicrostageTest, main

SECTIONS = ("B20_0001", "B20_0002", "B20_0003")


class PlanTargets(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.fast = self.root / "fast"
        self.options = ["--store", self.store, "--fast-root", self.fast]

    def build(self):
        """A superdataset with three sections in the store by create-sibling-ria, each with an alias; the first on the fast
        tier with one plane of two, the second with both and a third that is not in the store."""
        self.brain = self.root / "brain"
        self.run_ok("datalad", "create", self.brain)
        for name in SECTIONS:
            self.run_ok("datalad", "create", "-d", self.brain, self.brain / "left" / name)
            self.make_planes(self.brain / "left" / name, 2)
        self.run_ok("datalad", "save", "-d", self.brain, "-r")
        url = f"ria+file://{self.store}"
        for name in ("", *SECTIONS):
            dataset = self.brain / "left" / name if name else self.brain
            self.run_ok("datalad", "create-sibling-ria", "-d", dataset, "-s", "capacity", "--new-store-ok", "--alias",
                        name or "brain", url)
            self.run_ok("datalad", "push", "-d", dataset, "--to", "capacity")
        self.fast.mkdir()
        for name in SECTIONS[:2]:
            self.run_ok("datalad", "clone", f"{url}#~{name}", self.fast / name)
        first, second = (self.fast / name for name in SECTIONS[:2])
        self.git(first, "annex", "get", "-q", self.planes(first)[0].name)
        self.git(second, "annex", "get", "-q", ".")
        (second / "new.tif").write_bytes(os.urandom(50_000))
        self.git(second, "annex", "add", "-q", "new.tif")
        self.git(second, "commit", "-q", "-m", "new")

    @staticmethod
    def planes(dataset):
        return sorted(path for path in dataset.iterdir() if ".tif" in path.name)

    def plan(self, *words, status=0, **kwargs):
        """Objects of datasets, each with its files by what becomes of them; the failures by target."""
        result = self.run_raw("microstage", "plan", *words, *self.options, "--json", "--files", **kwargs)
        self.assertEqual(result.returncode, status, result)
        datasets, failures = [], {}
        for line in map(json.loads, result.stdout.splitlines()):
            if line["type"] == "file":
                datasets[-1]["state"].setdefault(line["state"], {})[line["path"]] = line
            elif line["result"] == "ok":
                datasets.append({**line, "state": {}})
            else:
                failures[line["target"]] = line["result"]
        self.assertEqual(result.stderr.count("\n"), len(failures), result.stderr)
        return datasets, failures

    def names(self, *words, **kwargs):
        return [one.get("alias") for one in self.plan(*words, **kwargs)[0]]

    def find(self, repository, *words):
        lines = self.run_ok("git", "annex", "find", "--json", *words, cwd=repository).splitlines()
        return {line["file"]: (line["key"], int(line["bytesize"])) for line in map(json.loads, lines)}

    @staticmethod
    def files(plan, state):
        return {path: (file["key"], file["bytes"]) for path, file in plan["state"].get(state, {}).items()}

    def check(self, name, action):
        """One section that is on the fast tier, against git annex find in its clone, which knows both sides."""
        clone = self.fast / name
        ((plan,), _) = self.plan(name, "--for", action)
        store = self.run_ok("git", "config", "--file", self.place(clone) / "config", "datalad.ora-remote.uuid").strip()
        here, there = ["--in=here"], [f"--in={store}"]
        lacks_here, lacks_there = ["--not", *here], ["--not", *there]
        move, done = {"stage": (there + lacks_here, here), "archive": (here + lacks_there, there),
                      "release": (here + there, lacks_here)}[action]
        missing = {"stage": lacks_here + lacks_there, "archive": lacks_here + lacks_there,
                   "release": here + lacks_there}[action]
        if action == "stage":  # of what the store's commit has
            done = [*done, "--and", *there]
        for state, words in (("move", move), ("there", done), ("missing", missing)):
            self.assertEqual(self.files(plan, state), self.find(clone, *words), (name, action, state))
        self.assertEqual(plan["bytes"], sum(size for _, size in self.files(plan, "move").values()))
        self.assertEqual(plan["commit"], self.git(self.place(clone) if action == "stage" else clone, "rev-parse", "HEAD"))
        return plan

    def test_plans(self):
        self.build()
        self.against_git_annex()
        self.inodes()
        self.targets()
        self.superdataset()
        self.lists()
        self.people()
        self.troubles()

    def against_git_annex(self):
        counts = {}
        for name in SECTIONS[:2]:
            for action in ("stage", "archive", "release"):
                plan = self.check(name, action)
                counts[name, action] = (plan["files"], plan["there"], plan["missing"])
        self.assertEqual(counts, {("B20_0001", "stage"): (1, 1, 0), ("B20_0001", "archive"): (0, 2, 0),
                                  ("B20_0001", "release"): (1, 1, 0), ("B20_0002", "stage"): (0, 2, 0),
                                  ("B20_0002", "archive"): (1, 2, 0), ("B20_0002", "release"): (2, 0, 1)})

    @staticmethod
    def count_inodes(path):
        return sum(len(directories) + len(files) for _, directories, files in os.walk(path))

    def inodes(self):
        """Those of a lean clone, and of the objects that come to it, are what was planned or less, but not by far."""
        ((plan,), _) = self.plan("B20_0003")
        section, clone = self.brain / "left/B20_0003", self.root / "lean"
        self.run_ok("git", "clone", "-q", "--no-local", "--template=", self.place(section), clone)
        self.git(clone, "annex", "init", "-q")
        self.git(clone, "remote", "add", "section", section)
        self.git(clone, "annex", "get", "-q", ".")
        content = self.count_inodes(clone / ".git/annex/objects")
        self.assertEqual(content, plan["inodes"])
        others = self.count_inodes(clone) - content
        self.assertLessEqual(others, plan["clone_inodes"])
        self.assertGreater(others, plan["clone_inodes"] * 0.7)
        ((partly,), _) = self.plan("B20_0001")
        first = self.fast / "B20_0001"
        before = self.count_inodes(first / ".git/annex/objects")
        self.git(first, "annex", "get", "-q", ".")
        self.assertEqual(self.count_inodes(first / ".git/annex/objects") - before, partly["inodes"])
        self.git(first, "annex", "drop", "-q", self.planes(first)[1].name)

    def targets(self):
        self.assertEqual(self.names("B20_000*"), list(SECTIONS))
        self.assertEqual(self.names("B20_0002..B20_0999"), ["B20_0002", "B20_0003"])
        self.assertEqual(self.names("--all"), sorted(self.names("--all"), key=lambda name: self.dataset_id(
            self.brain / ("left/" + name if name != "brain" else ""))))
        section = self.brain / "left/B20_0003"
        identity = self.dataset_id(section)
        for name in (identity, identity.upper(), section, self.store / "alias/B20_0003", self.place(section)):
            self.assertEqual(self.names(name), ["B20_0003"], name)
        self.assertEqual(self.names("B20_0003", cwd=self.brain / "left"), ["B20_0003"])
        # The clone that was named counts, and it has everything.
        ((own,), _) = self.plan("B20_0003", cwd=self.brain / "left")
        self.assertEqual((own["files"], own["there"], own["to"]), (0, 2, str(section)))
        plane = self.planes(section)[0]
        ((part,), _) = self.plan(plane, "--for", "release")
        self.assertEqual((part["files"], part["paths"]), (1, [plane.name]))

    def superdataset(self):
        clone = self.root / "elsewhere"
        self.run_ok("datalad", "clone", f"ria+file://{self.store}#~brain", clone)
        (top,), _ = self.plan(clone)
        self.assertEqual((top["subdatasets"], top["files"]), (3, 0))
        datasets, failures = self.plan("-r", clone)
        self.assertEqual(failures, {})
        self.assertEqual([one["target"] for one in datasets], [str(clone), *(f"{clone}/left/{name}" for name in SECTIONS)])
        self.assertEqual([one["files"] for one in datasets], [0, 1, 0, 2])
        # A subdataset that is not installed, by where it would be.
        self.assertEqual(self.names("left/B20_0003", cwd=clone), ["B20_0003"])
        self.assertEqual(self.names("B20_0003", cwd=clone / "left"), ["B20_0003"])
        # The superdataset's commit of it counts, until the name itself is said.
        section = self.brain / "left/B20_0003"
        self.git(section, "rm", "-q", self.planes(section)[0])
        self.git(section, "commit", "-q", "-m", "less")
        self.git(section, "push", "-q", "capacity", "main")
        self.assertEqual([one["files"] for one in self.plan("-r", "brain", cwd=self.fast)[0]][3], 2)
        self.assertEqual(self.plan("B20_0003")[0][0]["files"], 1)
        gone = self.place(section)
        gone.rename(gone.with_name("moved"))
        datasets, failures = self.plan("-r", "brain", status=1, cwd=self.fast)
        self.assertEqual(len(datasets), 3)
        self.assertEqual(failures, {"brain/left/B20_0003": "not-found"})
        gone.with_name("moved").rename(gone)

    def lists(self):
        names = self.root / "names"
        names.write_bytes(b"B20_0001\n\nB20_0002..B20_0003")
        self.assertEqual(self.names("--from-file", names), list(SECTIONS))
        self.assertEqual(self.names("--from-file", "-", input="B20_0002\n"), ["B20_0002"])
        names.write_bytes(b"B20_0001\nB20_0009\n")
        datasets, failures = self.plan("--from-file", names, status=1)
        self.assertEqual((len(datasets), failures), (1, {f"{names}:2: B20_0009": "not-found"}))
        names.write_bytes(b"B20_0001\nB20_0002\r\n")
        self.assertIn(":2: ", self.refused("microstage", "plan", "--from-file", names, *self.options, status=2))

    def people(self):
        text = self.run_ok("microstage", "plan", "B20_000*", *self.options)
        self.assertRegex(text, r"\nall 3 .* 3\n")
        self.assertIn("subdatasets are left out", self.run_ok("microstage", "plan", "brain", *self.options))
        self.assertIn("archive them first",
                      self.run_ok("microstage", "plan", "B20_0002", "--for", "release", *self.options))
        self.assertIn("new.tif", self.run_ok("microstage", "plan", "B20_0002", "--for", "archive", "--files", *self.options))

    def troubles(self):
        before = self.snapshot(self.store)
        (self.store / "alias/evil\n").symlink_to("/etc")
        head = self.place(self.brain / "left/B20_0002") / "HEAD"
        good = head.read_bytes()
        head.write_bytes(b"nonsense")
        datasets, failures = self.plan("*", status=1)
        self.assertEqual([one["alias"] for one in datasets], ["B20_0001", "B20_0003", "brain"])
        self.assertEqual(failures, {"B20_0002": "integrity", "evil\n": "invalid"})
        head.write_bytes(good)
        (self.store / "alias/evil\n").unlink()
        for words in (["none"], ["C*"], ["/nowhere/at/all"], ["B20_0009..B20_0010"]):
            self.refused("microstage", "plan", *words, *self.options, status=3)
        self.refused("microstage", "plan", "B20_0002..B20_0001", *self.options)
        for words in ([], ["--all", "brain"], ["--from-file", "-"], ["brain", "--for", "moving"], [""]):
            self.refused("microstage", "plan", *words, *self.options, status=2, input="a\r\n")
        self.refused("microstage", "plan", "brain", status=2)
        self.refused("microstage", "plan", "brain", "--store", self.root / "none", status=3)
        self.assertEqual(self.snapshot(self.store), before)


if __name__ == "__main__":
    main()
