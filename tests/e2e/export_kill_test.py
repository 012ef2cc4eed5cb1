#!/usr/bin/env python3
"""kill -9 of the remote, of git-annex or of both, at random moments of git annex export: whatever is visible is whole, and
the next export makes the tree the commit's, without a file more or less. MICROSTAGE_SEED repeats a run.

git-annex takes no back-up steps of its own for this: where a removal or a renaming failed it goes on, and repeats all of
them at the next export, by the names that new files have by now. The remote tells the files apart."""

import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK, describe_processes, kill, processes_of, random_bytes, wait_until
from export_bench import ExportTest
from microstage_testing import main

ROUNDS = int(os.environ.get("MICROSTAGE_ROUNDS", 200 if SOAK else 25))
SEED = int(os.environ.get("MICROSTAGE_SEED", random.randrange(1 << 32)))
# Of few sizes, so that one cannot be told from another by its size.
CONTENTS = [random_bytes(size, seed) for seed, size in enumerate([4000] * 6 + [8_000_000, 8_000_000, 1_500_000])]
PLACES = ["a", "b", "d/a", "d/e/b", "d/e/f/c", "e", "e/x", "f/x", "f/x/y", "plain", "d/plain"]


class ExportKill(ExportTest):
    def setUp(self):
        super().setUp()
        print(f"MICROSTAGE_SEED={SEED} MICROSTAGE_ROUNDS={ROUNDS}", flush=True)
        self.random = random.Random(SEED)

    def next_commit(self, clone, number):
        """Contents wander between names: renames, swaps, files that become directories and back."""
        chosen = {}
        for place in self.random.sample(PLACES, 7):
            if any(place.startswith(f"{other}/") or other.startswith(f"{place}/") for other in chosen):
                continue
            annexed = "plain" not in place
            chosen[place] = self.random.choice(CONTENTS) if annexed else b"%d\n" % self.random.randrange(10, 99)
        story = {name: None for name in self.git(clone, "ls-files").splitlines()} if number else {}
        self.change(clone, {**story, **chosen, "plain number": b"%d\n" % number})

    def interrupt(self, clone):
        """Exports and kills; True when there was something left to kill."""
        victim, delay = self.random.choice(["remote", "git-annex", "all"]), self.random.random()
        with open(self.root / "said", "w", encoding="utf-8") as said:
            process = subprocess.Popen(["git-annex", "export", "main", "--to", "cap"], cwd=clone, env=self.env,
                                       start_new_session=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        # From the moment that the remote is there.
        wait_until(lambda: process.poll() is not None
                   or any(name.startswith("git-annex-remot") for name in processes_of(process.pid).values()))
        time.sleep(delay * 0.2)
        alive = kill(process, victim)
        # Whatever was not killed ends by itself, for nobody talks to it any more.
        if not wait_until(lambda: process.poll() is not None and not processes_of(process.pid)):
            stuck = describe_processes(process.pid)
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"export did not end: {victim} killed after {delay:.3f}\n{stuck}")
        process.wait()
        return alive

    @staticmethod
    def remove_git_locks(clone):
        """git leaves them when it is killed, and its message tells people to remove them."""
        for lock in (*(clone / ".git").glob("*.lock"), *(clone / ".git/annex").glob("index.lock"),
                     *(clone / ".git/refs").rglob("*.lock")):
            lock.unlink()

    def check_visible(self):
        """Files are whole; which one has which name is only settled at the end."""
        for name, content in self.tree_files().items():
            if not name.startswith(".microstage/"):
                self.assertTrue(content in CONTENTS or re.fullmatch(rb"\d+\n", content), f"{name} is not whole")

    def test_killed_at_random_moments(self):
        clone = self.make_export_clone()
        killed = 0
        for number in range(ROUNDS):
            with self.subTest(number=number):
                self.next_commit(clone, number)
                for _ in range(self.random.choice([1, 1, 2])):
                    killed += self.interrupt(clone)
                    self.check_visible()
                    self.remove_git_locks(clone)
                self.export(clone)
        print(f"{killed} exports were killed before their end")
        self.assertGreater(killed, ROUNDS // 4)


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
