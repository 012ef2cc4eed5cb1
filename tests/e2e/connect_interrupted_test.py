#!/usr/bin/env python3
"""microstage connect, stopped at every step: a half-made dataset never shows in the store, and the next run finishes
what the last one left, with one uuid and no litter."""

import concurrent.futures
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, MicrostageTest, main

# Counts its calls in a file; at the n-th it kills what called it, or fails.
COUNTING = """#!/bin/bash
exec 9>>{root}/calls.lock; flock 9
n=$(($(cat {root}/calls 2>/dev/null || echo 0) + 1)); echo $n >{root}/calls
flock -u 9; exec 9>&-
if [ "$n" = "{at}" ]; then
  [ {how} = kill ] && kill -KILL $PPID
  echo "made to fail" >&2; exit 1
fi
exec {program} "$@"
"""


class Interrupted(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.template = self.make_dataset("template")

    def fresh(self, name):
        """The same dataset again, for a store of its own: no two runs know of each other."""
        path = self.root / name / "section"
        self.run_ok("cp", "-a", self.template, self.make(name) / "section")
        self.init(store=self.root / name / "store")
        return path, self.root / name / "store"

    def make(self, name):
        (self.root / name).mkdir()
        return self.root / name

    def program(self, name, text):
        directory = self.root / "fake"
        directory.mkdir(exist_ok=True)
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
        return {**self.env, "PATH": f"{directory}:{self.env['PATH']}"}

    def whole(self, dataset, store):
        """Runs connect in peace and looks whether everything is as after an undisturbed one."""
        result, = self.connect(dataset, "--alias", "B1", "--http", "--verify-once", store=store)
        place = self.place(dataset, store)
        log = self.remote_log(dataset)
        self.assertEqual([line.split(" externaltype=")[1].split(" ")[0] for line in log].count("microstage"), 1, log)
        self.assertEqual(len(log), 2, log)
        self.assertEqual(self.git(place, "config", "datalad.ora-remote.uuid"), result["uuid"])
        self.assertEqual(sorted(self.git(dataset, "remote").split()), ["capacity", "capacity-ora", "capacity-storage"])
        self.assertEqual(self.git(dataset, "config", "--get-all", "remote.capacity.datalad-publish-depends"),
                         "capacity-storage")
        self.assertTrue((store / "alias/B1/HEAD").exists())
        self.assertEqual([p.name for p in place.parent.iterdir()], [place.name], "litter beside the dataset")
        self.assertEqual(sorted(p.name for p in place.iterdir()),
                         ["HEAD", "archives", "config", "info", "objects", "refs", "ria-layout-version"])
        self.assertEqual(self.connect(dataset, "--alias", "B1", "--http", "--verify-once", store=store)[0]["result"],
                         "unchanged")

    def check_never_half(self, dataset, store):
        """What shows under a dataset's name is a repository that git can use."""
        place = self.place(dataset, store)
        if place.exists():
            self.assertEqual(self.git(place, "rev-parse", "--is-bare-repository"), "true")
            self.assertEqual((place / "ria-layout-version").read_text(), "2\n")

    def stop_at_every_call(self, program, how, real, microstage="microstage"):
        for at in range(1, 60):
            dataset, store = self.fresh(f"{program}-{how}-{at}")
            env = self.program(program, COUNTING.format(root=self.root, at=at, how=how, program=real))
            (self.root / "calls").unlink(missing_ok=True)
            result = self.run_raw(microstage, "connect", dataset, "--store", store, "--alias", "B1", "--http",
                                  "--verify-once", env=env)
            (self.root / "fake" / program).unlink()
            calls = int((self.root / "calls").read_text())
            if calls < at:
                self.assertEqual(result.returncode, 0, result)
                return at - 1
            self.check_never_half(dataset, store)
            self.whole(dataset, store)
        self.fail("no end of calls")

    def test_git_annex_fails_or_is_the_last_thing_that_happens(self):
        real = shutil.which("git-annex")
        self.assertGreaterEqual(self.stop_at_every_call("git-annex", "fail", real), 2)

    def test_git_fails_at_every_call(self):
        real = shutil.which("git")
        self.assertGreaterEqual(self.stop_at_every_call("git", "fail", real), 10)

    def test_killed_at_every_call_of_git(self):
        real = shutil.which("git")
        self.assertGreaterEqual(self.stop_at_every_call("git", "kill", real), 10)

    def test_git_annex_killed_while_it_talks_to_the_remote(self):
        self.make("fake")
        shutil.copy(BIN / "microstage", self.root / "fake")  # it prefers the remote beside itself
        # and then goes by ORA's name for it
        compat = self.root / "libexec/microstage/ora-compat"
        compat.mkdir(parents=True)
        for name in ("git-annex-remote-microstage", "git-annex-remote-ora"):
            (compat / name).symlink_to(self.root / "fake/git-annex-remote-microstage")
        real = BIN / "git-annex-remote-microstage"
        self.assertGreaterEqual(
            self.stop_at_every_call("git-annex-remote-microstage", "kill", real, self.root / "fake/microstage"), 2)

    def test_what_a_killed_initremote_left_in_the_configuration(self):
        # git-annex writes there before it records the remote, and then takes the name for used.
        dataset, store = self.fresh("leftover")
        for name in ("capacity-storage", "capacity-ora"):
            for variable, value in {"annex-externaltype": "microstage", "skipFetchAll": "true",
                                    "annex-uuid": "11111111-2222-3333-4444-555555555555"}.items():
                self.git(dataset, "config", f"remote.{name}.{variable}", value)
        self.whole(dataset, store)

    def test_killed_at_any_moment(self):
        for i in range(12):
            dataset, store = self.fresh(f"moment-{i}")
            child = subprocess.Popen(["microstage", "connect", dataset, "--store", store, "--alias", "B1"], env=self.env,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(0.02 * i)
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            (dataset / ".git/config.lock").unlink(missing_ok=True)  # git was killed too, and asks for this
            self.check_never_half(dataset, store)
            self.whole(dataset, store)

    def test_sweeps_what_a_killed_run_was_building(self):
        dataset, store = self.fresh("litter")
        place = self.place(dataset, store)
        litter = place.parent / f".{place.name}-123-abc.new"
        (litter / "objects").mkdir(parents=True)
        (litter / "ria-layout-version").write_text("2\n")
        (litter / "0123456789abcdef.part").write_text("half")
        earlier = place.parent / f".{place.name}-124-abc.new"  # killed before it had a version file
        earlier.mkdir()
        (earlier / "0123456789abcdef.part").write_text("half")
        other = place.parent / ".somebody-else.new"
        other.mkdir()
        self.connect(dataset, store=store)
        self.assertEqual(sorted(p.name for p in place.parent.iterdir()), sorted([other.name, place.name]))
        mine = place / "planes.tar.part"
        for path in (mine, place / "0123456789abcdef.part"):
            path.write_text("half")
        self.connect(dataset, store=store)
        self.assertEqual([p.name for p in place.glob("*.part")], [mine.name])

    def test_completes_what_others_left_out(self):
        dataset, store = self.fresh("pieces")
        place = self.place(dataset, store)
        for left_out in ("HEAD", "config", "objects", "refs", "archives", "ria-layout-version"):
            self.connect(dataset, "--alias", "B1", "--http", "--verify-once", store=store)
            piece = place / left_out
            shutil.rmtree(piece) if piece.is_dir() else piece.unlink()
            self.whole(dataset, store)

    def test_two_at_once_on_one_dataset_make_one_remote(self):
        for i in range(4):
            dataset, store = self.fresh(f"race-{i}")
            with concurrent.futures.ThreadPoolExecutor() as pool:
                runs = list(pool.map(lambda _: self.run_raw("microstage", "connect", dataset, "--store", store), range(3)))
            self.assertIn(0, [run.returncode for run in runs], runs)
            self.assertEqual(len([p for p in self.place(dataset, store).parent.iterdir()]), 1)
            self.whole(dataset, store)

    def test_two_clones_at_once_never_make_two_uuids(self):
        dataset, store = self.fresh("clones")
        other = self.root / "clones/other"
        self.clone_dataset(dataset, other)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            runs = list(pool.map(lambda d: self.run_raw("microstage", "connect", d, "--store", store), (dataset, other)))
        self.assertEqual(sorted(run.returncode for run in runs), [0, 1], runs)
        loser, winner = (dataset, other) if runs[0].returncode else (other, dataset)
        self.assertEqual(self.git(loser, "config", "--default", "", "--get", "remote.capacity-storage.annex-uuid"), "")
        self.assertRegex(next(run for run in runs if run.returncode).stderr, "fetch")
        self.git(loser, "fetch", "-q", winner, "git-annex:refs/remotes/winner/git-annex")
        self.connect(loser, store=store)
        self.assertEqual(len(self.remote_log(loser)), 2)

    def test_another_clone_that_no_lock_kept_out_is_noticed(self):
        dataset, store = self.fresh("unlocked")
        other = self.root / "unlocked/other"
        self.clone_dataset(dataset, other)
        first, = self.connect(other, store=store)
        place = self.place(dataset, store)
        self.git(place, "config", "--unset", "datalad.ora-remote.uuid")
        env = self.program("git-annex", f"""#!/bin/sh
{shutil.which("git-annex")} "$@"
status=$?
[ "$1" != initremote ] || git config --file {place}/config datalad.ora-remote.uuid {first["uuid"]}
exit $status
""")
        line = self.refused("microstage", "connect", dataset, "--store", store, "--only-microstage", env=env)
        self.assertIn(f"connected by another clone just now, as {first['uuid']}", line)
        self.assertEqual(self.git(place, "config", "--get-all", "datalad.ora-remote.uuid"), first["uuid"])
        # What the line advises leads out.
        self.git(dataset, *re.search("'git (annex dead [^']*)'", line)[1].split())
        self.git(dataset, "remote", "remove", "capacity-storage")
        self.git(dataset, "fetch", "-q", other, "git-annex:refs/remotes/other/git-annex")
        joined, = self.connect(dataset, store=store)
        self.assertEqual(joined["uuid"], first["uuid"])
        for name in ("capacity-storage", "capacity-ora"):
            self.assertEqual(self.git(dataset, "config", f"remote.{name}.annex-uuid"), first["uuid"])


if __name__ == "__main__":
    main()
