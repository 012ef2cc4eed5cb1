#!/usr/bin/env python3
"""What lib/repo reads of datasets is what git-annex and DataLad say: locked and unlocked files, what remotes know and
nobody merged, the journal, dead repositories, subdatasets, stores; and what is damaged is an error by itself."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, MicrostageTest, main

REMOTE = "11111111-1111-4111-8111-111111111111"


class Plan(MicrostageTest):
    def plan(self, *datasets):
        """An object a dataset."""
        listing = "".join(f"{dataset}\n" for dataset in datasets)
        result = subprocess.run([BIN / "plan-datasets", "--json"], input=os.fsencode(listing), capture_output=True,
                                check=True, cwd=self.root, env=self.env)
        plans = []
        for line in result.stdout.decode().splitlines():
            plan = json.loads(line)
            plan["files"] = {file["path"]: file for file in plan.get("files", [])}
            plans.append(plan)
        return plans[0] if len(plans) == 1 else plans

    def annex(self, repository, *words, **kwargs):
        return self.run_ok("git", "annex", *words, cwd=repository, **kwargs)

    def whereis(self, repository):
        """{file: (key, sorted uuids)} as git-annex has it, after it merged what it found."""
        result = self.run_raw("git", "annex", "whereis", "--json", cwd=repository)  # status 1: no copies of one
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        return {line["file"]: (line["key"], sorted(place["uuid"] for place in line["whereis"] + line["untrusted"]))
                for line in lines}

    @staticmethod
    def as_whereis(plan):
        return {path: (file["key"], file["at"]) for path, file in plan["files"].items()}

    def check(self, repository):
        """Before git-annex merges anything, and after."""
        before = self.as_whereis(self.plan(repository))
        told = self.whereis(repository)
        self.assertNotEqual(told, {})
        self.assertEqual(before, told)
        self.assertEqual(self.as_whereis(self.plan(repository)), told)
        return told

    def repository(self, name="repository", *config):
        path = self.root / name
        self.run_ok("git", "init", "-q", path)
        for setting in config:
            self.git(path, "config", *setting.split("=", 1))
        self.annex(path, "init", "-q", name)
        return path

    def filled(self, name="repository", *config):
        path = self.repository(name, *config)
        (path / "deep" / "er").mkdir(parents=True)
        (path / "deep/er/same").write_bytes(b"same")
        (path / "same again").write_bytes(b"same")
        (path / "ümläut\n and more\t").write_bytes(b"odd name")
        (path / "empty").write_bytes(b"")
        self.annex(path, "add", "-q", ".")
        (path / "worm").write_bytes(b"worm")
        self.annex(path, "add", "-q", "--backend=WORM", "worm")
        (path / "pointer_but_not").write_text("/annex/objects/SHA256-s3--abc\nand more text\n")
        (path / "plain.txt").write_text("in git\n")
        self.git(path, "-c", "annex.largefiles=nothing", "add", "plain.txt", "pointer_but_not")
        self.git(path, "commit", "-q", "-m", "files")
        return path

    def test_locked_and_unlocked_files_and_their_copies(self):
        path = self.filled()
        self.annex(path, "unlock", "-q", "deep/er/same", "empty")
        self.git(path, "commit", "-q", "-a", "-m", "unlock")
        files = self.plan(path)["files"]
        self.assertTrue(files["empty"]["unlocked"])
        self.assertFalse(files["same again"]["unlocked"])
        self.assertNotIn("plain.txt", files)
        self.assertEqual(len(self.check(path)), 5)
        found = map(json.loads, self.annex(path, "find", "--anything", "--json").splitlines())
        self.assertEqual({file["path"]: str(file["bytes"]) for file in files.values()},
                         {line["file"]: line["bytesize"] for line in found})

    def test_keys_whose_names_are_escaped_and_sizes_unknown(self):
        path = self.filled()
        key = "URL--http://example.org/a_b:c&d%e?f=1"
        self.annex(path, "fromkey", "--force", key, "from web")
        self.annex(path, "setpresentkey", key, REMOTE, "1")
        self.git(path, "commit", "-q", "-m", "url")
        self.assertEqual(self.check(path)["from web"], (key, [REMOTE]))
        self.assertIsNone(self.plan(path)["files"]["from web"]["bytes"])

    def test_what_remotes_know_and_nobody_merged(self):
        path = self.filled()
        for number in (1, 2):
            clone = self.root / f"clone{number}"
            self.run_ok("git", "clone", "-q", path, clone)
            self.annex(clone, "init", "-q", f"clone{number}")
            self.annex(clone, "get", "-q", *(["."] if number == 1 else ["worm", "empty"]))
            self.git(path, "remote", "add", f"other/clone{number}", clone)
            self.git(path, "config", f"remote.other/clone{number}.annex-ignore", "true")
        self.git(path, "fetch", "-q", "--all")
        self.assertEqual(len(self.check(path)["worm"][1]), 3)
        # The newest line counts, whoever has it.
        self.annex(self.root / "clone2", "drop", "-q", "--force", "worm")
        self.git(path, "fetch", "-q", "--all")
        self.git(path, "pack-refs", "--all")
        self.assertEqual(len(self.check(path)["worm"][1]), 2)

    def test_the_journal_counts(self):
        path = self.filled("repository", "annex.alwayscommit=false")
        key = self.annex(path, "lookupkey", "worm").strip()
        before = self.git(path, "rev-parse", "git-annex")
        self.annex(path, "setpresentkey", key, REMOTE, "1")
        self.annex(path, "drop", "-q", "--force", "empty")
        self.assertNotEqual(os.listdir(path / ".git/annex/journal"), [])
        self.assertEqual(self.git(path, "rev-parse", "git-annex"), before)
        files = self.plan(path)["files"]
        self.assertIn(REMOTE, files["worm"]["at"])
        self.assertEqual(files["empty"]["at"], [])
        self.check(path)
        # A last line that is still being written does not count yet.
        log = next((path / ".git/annex/journal").glob("*WORM*"))
        log.write_bytes(log.read_bytes() + f"1999999999s 0 {REMOTE}".encode())
        self.assertIn(REMOTE, self.plan(path)["files"]["worm"]["at"])

    def test_private_repositories_count_here(self):
        path = self.filled()
        clone = self.root / "clone"
        self.run_ok("git", "clone", "-q", path, clone)
        self.git(clone, "config", "annex.private", "true")
        self.annex(clone, "init", "-q", "private")
        self.annex(clone, "get", "-q", ".")
        self.assertNotEqual(os.listdir(clone / ".git/annex/journal-private"), [])
        self.assertEqual(len(self.check(clone)["worm"][1]), 2)

    def test_dead_repositories_have_nothing(self):
        path = self.filled()
        key = self.annex(path, "lookupkey", "worm").strip()
        (self.root / "remote").mkdir()
        self.annex(path, "initremote", "-q", "remote", "type=directory", f"directory={self.root}/remote",
                   "encryption=none", f"uuid={REMOTE}")
        self.annex(path, "setpresentkey", key, REMOTE, "1")
        self.assertEqual(len(self.plan(path)["files"]["worm"]["at"]), 2)
        self.annex(path, "dead", "-q", REMOTE)
        self.assertEqual(len(self.check(path)["worm"][1]), 1)
        self.annex(path, "semitrust", "-q", REMOTE)
        self.assertEqual(len(self.plan(path)["files"]["worm"]["at"]), 2)

    def test_adjusted_branches_worktrees_and_bare_clones(self):
        path = self.filled()
        locked = self.check(path)
        bare = self.root / "bare.git"
        self.run_ok("git", "clone", "-q", "--bare", path, bare)
        tree = self.root / "worktree"
        self.git(path, "worktree", "add", "-q", "-b", "more", tree)
        (tree / "only here").write_bytes(b"worktree")
        self.annex(tree, "add", "-q", "only here")
        self.git(tree, "commit", "-q", "-m", "more")
        self.annex(path, "adjust", "-q", "--unlock")
        self.assertEqual(self.check(path), locked)
        self.assertTrue(all(file["unlocked"] for file in self.plan(path)["files"].values()))
        self.assertEqual(self.as_whereis(self.plan(bare)), locked)
        self.assertEqual(set(self.plan(tree)["files"]), {*locked, "only here"})

    def test_one_level_of_log_directories(self):
        path = self.root / "tuned"
        self.run_ok("git", "init", "-q", path)
        self.git(path, "config", "annex.tune.branchhash1", "true")
        self.annex(path, "init", "-q", "-c", "annex.tune.branchhash1=true", "tuned")
        (path / "file").write_bytes(b"tuned")
        self.annex(path, "add", "-q", "file")
        self.git(path, "commit", "-q", "-m", "file")
        self.assertEqual(len(self.check(path)["file"][1]), 1)

    def test_datasets_subdatasets_and_the_store(self):
        brain = self.make_dataset("brain")
        section = brain / "B20_0001"
        self.add_subdataset(brain, section)
        self.make_planes(section / "planes", 2)
        self.save(section)
        self.save(brain)
        plan, below = self.plan(brain, section)
        self.assertEqual(plan["dataset"], self.dataset_id(brain))
        self.assertEqual(plan["subdatasets"], [{"path": "B20_0001", "commit": self.git(section, "rev-parse", "HEAD"),
                                                "dataset": self.dataset_id(section)}])
        self.assertEqual(below["dataset"], self.dataset_id(section))
        self.init()
        self.connect(section, "--alias", "B20_0001")
        self.push(section)
        stored = self.plan(self.store / "alias/B20_0001")
        self.assertEqual(stored["commit"], below["commit"])
        self.assertEqual(self.as_whereis(stored), self.check(section))
        (uuid,) = {place for file in stored["files"].values() for place in file["at"]} - set(
            self.plan(brain)["descriptions"]) - {self.git(section, "config", "annex.uuid")}
        self.assertIn("capacity-storage", stored["descriptions"][uuid])

    def test_damage_is_the_one_datasets_error(self):
        good = self.filled("good")
        objects = self.root / "damaged/.git/objects"
        self.filled("damaged")
        for path in objects.glob("??/*"):
            path.chmod(0o644)
            path.write_bytes(b"garbage")
        self.repository("unborn")
        (self.root / "plain").mkdir()
        self.run_ok("git", "init", "-q", "--object-format=sha256", self.root / "newer")
        (self.root / "newer/file").touch()
        self.git(self.root / "newer", "add", "file")
        self.git(self.root / "newer", "commit", "-q", "-m", "file")
        names = ["good", "damaged", "unborn", "plain", "absent", "newer"]
        plans = self.plan(*names)
        self.assertEqual([plan.get("kind") for plan in plans],
                         [None, "integrity", "not-found", "not-found", "not-found", "unsupported"])
        for name, plan in list(zip(names, plans))[1:]:
            self.assertIn(name, plan["error"])
        self.assertEqual(len(plans[0]["files"]), 5)
        self.assertTrue(good.is_dir())


if __name__ == "__main__":
    main()
