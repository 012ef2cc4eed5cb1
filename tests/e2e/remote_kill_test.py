#!/usr/bin/env python3
"""kill -9 of the remote, of git-annex or of both, at random moments of copy --to and get: nothing wrong becomes visible,
nothing is lost, and the next run goes on and tidies up. MICROSTAGE_SEED repeats a run."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import (SOAK, VERIFY_ONCE, AnnexTest, describe_processes, kill, processes_of, random_bytes,
                         wait_until)
from microstage_testing import main

ROUNDS = int(os.environ.get("MICROSTAGE_ROUNDS", 200 if SOAK else 25))
SEED = int(os.environ.get("MICROSTAGE_SEED", random.randrange(1 << 32)))
FILES = {"large": random_bytes(60_000_000, 1), "middle": random_bytes(3_000_000, 2), "small": random_bytes(3_000, 3)}


class Kill(AnnexTest):
    def setUp(self):
        super().setUp()
        print(f"MICROSTAGE_SEED={SEED} MICROSTAGE_ROUNDS={ROUNDS}", flush=True)
        self.random = random.Random(SEED)
        self.dataset = self.make_store()
        self.clone = self.make_clone(files=FILES)
        self.keys = {self.key(self.clone, name): content for name, content in FILES.items()}

    def in_progress(self):
        """Bytes of an unfinished transfer, in the store or in the clone."""
        places = [*(self.dataset / ".microstage").glob("*.part"), *(self.clone / ".git/annex/tmp").glob("*"),
                  *(self.clone / ".git/annex/microstage").glob("*/*")]
        total = 0
        for path in places:
            try:
                total += path.stat().st_size
            except OSError:
                pass
        return total

    def interrupt(self, command):
        """Runs it and kills; True when there was something left to kill."""
        # The victim and the moment are drawn before anything that depends on time.
        victim = self.random.choice(["remote", "git-annex", "all"])
        in_the_middle, delay = self.random.random() < 0.7, self.random.random()
        with open(self.root / "said", "w", encoding="utf-8") as said:
            process = subprocess.Popen(["git-annex", *command, "--debug"], cwd=self.clone, env=self.env,
                                       start_new_session=True, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        if in_the_middle:
            wait_until(lambda: self.in_progress() or process.poll() is not None)
            time.sleep(delay * 0.1)
        else:
            time.sleep(delay * 0.3)
        alive = kill(process, victim)
        # Whatever was not killed ends by itself, for nobody talks to it any more.
        if not wait_until(lambda: process.poll() is not None and not processes_of(process.pid)):
            self.give_up(process, f"{victim} killed {'in the middle' if in_the_middle else 'early'}, {delay:.3f}")
        return alive

    def give_up(self, process, story):
        stuck = describe_processes(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        said = (self.root / "said").read_text(encoding="utf-8", errors="replace")
        self.fail(f"{process.args} did not end: {story}\n{stuck}\n--- it said\n{said[-6000:]}")

    def check_visible(self):
        for name, path in self.objects(self.dataset).items():
            self.assertTrue(path.read_bytes() == self.keys[name], f"{name} in the store is not what it should be")
        for name, content in FILES.items():
            path = self.clone / name
            self.assertTrue(not path.exists() or path.read_bytes() == content, name)
        # Follow mode: what git-annex would resume from is a prefix of the good file.
        for path in (self.clone / ".git/annex/tmp").glob("SHA256E*"):
            self.assertTrue(self.keys[path.name].startswith(path.read_bytes()), path)

    def unlock_index(self):
        """git itself leaves a lock when it is killed; people remove it by hand, as its message says."""
        for lock in (self.clone / ".git").glob("**/index.lock"):
            lock.unlink()

    def resume(self, command):
        self.unlock_index()
        self.annex(self.clone, *command)
        # With nothing left to move, git-annex did not even start the remote; this does.
        self.annex(self.clone, "fsck", "--quiet", "--fast", "--from", "cap")
        self.assertEqual(self.litter(self.dataset, self.clone), [])
        self.check_visible()

    def test_killed_at_random_moments(self):
        killed = 0
        for number in range(ROUNDS):
            settings = VERIFY_ONCE if number % 2 else {}
            for name, value in VERIFY_ONCE.items():
                self.run_raw("git", "-C", self.clone, "config", *((name, value) if settings else ("--unset-all", name)))
            with self.subTest(number=number, settings=settings):
                for path in self.objects(self.dataset).values():  # as if never stored
                    path.unlink()
                copy = ("copy", "--to", "cap")
                killed += self.interrupt(copy)
                self.check_visible()
                self.resume(copy)
                self.assertEqual(set(self.objects(self.dataset)), set(self.keys))
                self.unlock_index()
                self.annex(self.clone, "drop", "--quiet", "--force")
                get = ("get",)
                killed += self.interrupt(get)
                self.check_visible()
                self.resume(get)
                for name, content in FILES.items():
                    self.assertTrue((self.clone / name).read_bytes() == content)
        self.annex(self.clone, "fsck", "--from", "cap")
        self.annex(self.clone, "fsck")
        print(f"{killed} of {2 * ROUNDS} commands were killed before their end")
        self.assertGreater(killed, ROUNDS)


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
