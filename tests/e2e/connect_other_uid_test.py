#!/usr/bin/env python3
"""A store and several accounts: whose datasets connect touches, what a group may do in a shared store, and the
safe.directory setting that readers of other people's datasets need. Runs as root, to have other accounts."""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, MicrostageTest, digests, main

ALICE, BOB, GROUP = 20001, 20002, 20100


class OtherUid(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.homes = {}
        for uid in (ALICE, BOB):
            home = self.root / f"home-{uid}"
            self.homes[uid] = {**self.environment(home), "TMPDIR": str(home)}
            self.run_ok("chown", "-R", f"{uid}:{GROUP}", home)
        probe = self.as_user(ALICE, "microstage", "--version")
        if probe.returncode != 0:
            print("SKIP: other accounts cannot run", BIN, probe.stderr)
            self.skipTest("the build is not readable by other accounts")

    def as_user(self, uid, *command):
        return self.run_raw("setpriv", f"--reuid={uid}", f"--regid={GROUP}", "--clear-groups", "--", *command,
                            env=self.homes[uid], cwd="/")

    def as_user_ok(self, uid, *command):
        result = self.as_user(uid, *command)
        self.assertEqual(result.returncode, 0, (command, result))
        return result.stdout

    def section(self, uid, name="section"):
        path = self.make_dataset(f"home-{uid}/{name}", planes=3)
        self.run_ok("chown", "-R", f"{uid}:{GROUP}", path)
        return path

    def make_store(self, mode):
        self.store.mkdir()
        os.chown(self.store, ALICE, GROUP)
        self.as_user_ok(ALICE, "microstage", "init", self.store, *(["--shared", mode] if mode else []))

    def refused_by(self, uid, *command, status=1):
        result = self.as_user(uid, *command)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (status, 1), result)
        return result.stderr

    def place_of(self, dataset):
        identity = self.run_ok("git", "config", "--file", dataset / ".datalad/config", "datalad.dataset.id").strip()
        return self.store / identity[:3] / identity[3:]

    def test_refuses_a_clone_of_another(self):
        self.make_store("all")
        section = self.section(ALICE)
        before = self.snapshot(self.store)
        for uid in (BOB, 0):
            if uid:
                line = self.refused_by(uid, "microstage", "connect", section, "--store", self.store)
            else:
                line = self.refused("microstage", "connect", section, "--store", self.store)
            self.assertIn(f"belongs to uid {ALICE}", line)
        self.assertEqual(self.snapshot(self.store), before)

    def test_git_is_kept_away_from_datasets_of_another(self):
        self.run_ok("git", "config", "--global", "safe.directory", "*")  # as init advises; git itself would not refuse
        self.init()
        brain = self.make_dataset("brain")
        self.add_subdataset(brain, brain / "left")
        (self.root / "fake").mkdir()
        (self.root / "fake/git").write_text(f'#!/bin/sh\necho "$@" >>{self.root}/calls\nexec {shutil.which("git")} "$@"\n')
        (self.root / "fake/git").chmod(0o755)
        env = {**self.env, "PATH": f"{self.root}/fake:{self.env['PATH']}"}
        for foreign in (brain / "left", brain):
            os.chown(foreign, ALICE, GROUP)
            (self.root / "calls").unlink(missing_ok=True)
            line = self.refused("microstage", "connect", brain, "--store", self.store, "-r", env=env)
            self.assertIn(f"{foreign} belongs to uid {ALICE}", line)
            calls = (self.root / "calls").read_text() if (self.root / "calls").exists() else ""
            self.assertNotIn(f"{foreign} ", calls)

    def test_refuses_a_dataset_of_another_that_is_not_shared(self):
        self.make_store("")
        section = self.section(ALICE)
        self.as_user_ok(ALICE, "microstage", "connect", section, "--store", self.store)
        self.as_user_ok(ALICE, "datalad", "push", "-d", section, "--to", "capacity")
        mine = self.root / "mine"
        self.run_ok("git", "config", "--global", "safe.directory", "*")
        self.run_ok("datalad", "clone", f"ria+file://{self.store}#{self.place_of(section).parent.name}"
                    f"{self.place_of(section).name}", mine)
        line = self.refused("microstage", "connect", mine, "--store", self.store)  # root could, and must not
        self.assertIn("not shared", line)
        self.assertNotIn("remote.capacity.", self.git(mine, "config", "--list"))

    def test_a_group_shares_a_store(self):
        self.make_store("0660")
        section = self.section(ALICE)
        planes = digests(section)
        self.as_user_ok(ALICE, "microstage", "connect", section, "--store", self.store, "--alias", "B1")
        self.as_user_ok(ALICE, "datalad", "push", "-d", section, "--to", "capacity")
        self.as_user_ok(BOB, "git", "config", "--global", "--add", "safe.directory", "*")
        clone = self.root / f"home-{BOB}/clone"
        self.as_user_ok(BOB, "datalad", "clone", f"ria+file://{self.store}#~B1", clone)
        self.as_user_ok(BOB, "datalad", "get", "-d", clone, clone / "planes")
        self.assertEqual(digests(clone), planes)
        # Bob joins the dataset that Alice placed, and adds to it.
        self.as_user_ok(BOB, "microstage", "connect", clone, "--store", self.store)
        self.as_user_ok(BOB, "sh", "-c", f"echo more > {clone}/planes/more.tif")
        self.as_user_ok(BOB, "datalad", "save", "-d", clone)
        self.as_user_ok(BOB, "datalad", "push", "-d", clone, "--to", "capacity")
        self.as_user_ok(ALICE, "git", "config", "--global", "--add", "safe.directory", "*")
        self.as_user_ok(ALICE, "datalad", "update", "-d", section, "-s", "capacity", "--how", "merge")
        self.as_user_ok(ALICE, "datalad", "get", "-d", section, section / "planes")
        self.assertEqual(digests(section), digests(clone))
        for path in self.store.rglob("*"):
            self.assertEqual(path.lstat().st_gid, GROUP, path)
            self.assertTrue(path.is_symlink() or path.stat().st_mode & 0o007 == 0, path)

    def test_safe_directory(self):
        self.make_store("all")
        section = self.section(ALICE)
        self.as_user_ok(ALICE, "microstage", "connect", section, "--store", self.store, "--alias", "B1")
        self.as_user_ok(ALICE, "datalad", "push", "-d", section, "--to", "capacity")
        place, alias = self.place_of(section), self.store / "alias/B1"
        version = tuple(map(int, self.run_ok("git", "version").split()[2].split(".")[:2]))
        works = {  # setting: the repositories that git then reads
            "": (), "*": (place, alias), str(place): (place,), str(alias): (alias,),
            f"{self.store}/*": (place, alias) if version >= (2, 46) else (),
        }
        config = self.root / f"home-{BOB}/.gitconfig"
        plain = config.read_text()
        for setting, readable in works.items():
            config.write_text(plain)
            if setting:
                self.as_user_ok(BOB, "git", "config", "--global", "--add", "safe.directory", setting)
            for source in (place, alias):
                result = self.as_user(BOB, "git", "ls-remote", source)
                self.assertEqual(result.returncode == 0, source in readable, (setting, source, result))
        # What init advises is the first that serves everything.
        advice = self.as_user_ok(ALICE, "microstage", "init", self.store)
        self.assertIn("safe.directory '*'", advice)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: needs root, to have other accounts")
        sys.exit(77)
    main(needs=("git", "git-annex", "datalad", "setpriv"))
