#!/usr/bin/env python3
"""Several processes at one key: stores at once, retrieves during removals, two remotes that fill one file of git-annex's,
one of them damaged; and a source that is dropped or changed while it is being stored. What is visible is right or
absent."""

import hashlib
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import DATASET, SOAK, VERIFY_ONCE, AnnexTest, random_bytes, wait_until
from microstage_testing import BIN, main
from remote_process import RemoteProcess

PROGRAM = BIN / "git-annex-remote-microstage"
ROUNDS = 60 if SOAK else 8
SEED = int(os.environ.get("MICROSTAGE_SEED", random.randrange(1 << 32)))
CONTENT = random_bytes(12_000_000, 7)
KEY = f"SHA256-s{len(CONTENT)}--{hashlib.sha256(CONTENT).hexdigest()}"


class Race(AnnexTest):
    def setUp(self):
        super().setUp()
        print(f"MICROSTAGE_SEED={SEED}")
        self.remotes = []
        self.addCleanup(lambda: [remote.kill() for remote in self.remotes])
        self.random = random.Random(SEED)
        self.clone = self.root / "clone"
        self.run_ok("git", "init", "--quiet", self.clone)
        self.target = self.clone / ".git/annex/tmp" / KEY
        self.target.parent.mkdir(parents=True)
        (self.clone / "source").write_bytes(CONTENT)
        directories = self.run_ok("git", "-C", self.clone, "annex", "examinekey", "--format=${hashdirmixed}", KEY)
        self.below = pathlib.Path("annex/objects") / directories.strip() / KEY / KEY

    def start(self, store="store", name="cap", uuid="11111111-2222-4333-8444-555555555555"):
        answers = {"GETCONFIG url": f"ria+file://{self.root}/{store}", "GETCONFIG push-url": "",
                   "GETCONFIG archive-id": DATASET, "GETCONFIG name": name, "GETUUID": uuid, "GETGITDIR": ".git",
                   "GETGITREMOTENAME": name}
        self.remotes.append(RemoteProcess(PROGRAM, self.clone, self.env, answers))
        return self.remotes[-1]

    def together(self, *actions):
        """Runs them side by side and raises what one of them raised."""
        failures = []

        def guarded(action):
            try:
                action()
            except BaseException as failure:  # an assertion in a thread would be lost
                failures.append(failure)

        threads = [threading.Thread(target=guarded, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def put(self, dataset, content):
        path = dataset / self.below
        path.parent.mkdir(parents=True, exist_ok=True)
        new = dataset / "new"
        new.write_bytes(content)
        new.rename(path)

    # ---- one store -------------------------------------------------------------------------------------------

    def test_processes_that_store_one_key(self):
        dataset = self.make_store()
        for _ in range(ROUNDS):
            remotes = [self.start() for _ in range(4)]

            def store(remote):
                self.assertEqual(remote.request(f"TRANSFER STORE {KEY} source"), f"TRANSFER-SUCCESS STORE {KEY}")

            self.together(*[lambda remote=remote: store(remote) for remote in remotes])
            self.assertTrue((dataset / self.below).read_bytes() == CONTENT)
            for remote in remotes:
                self.assertEqual(remote.end(), (0, b""))
            self.assertFalse((dataset / ".microstage").exists())
            (dataset / self.below).unlink()

    def test_stores_and_removals_of_one_key(self):
        dataset = self.make_store()
        remotes = [self.start() for _ in range(3)]

        def store(remote):
            for _ in range(ROUNDS):
                self.assertEqual(remote.request(f"TRANSFER STORE {KEY} source"), f"TRANSFER-SUCCESS STORE {KEY}")

        def remove(remote):
            for _ in range(4 * ROUNDS):
                self.assertEqual(remote.request(f"REMOVE {KEY}"), f"REMOVE-SUCCESS {KEY}")

        self.together(lambda: store(remotes[0]), lambda: store(remotes[1]), lambda: remove(remotes[2]))
        store(remotes[0])
        self.assertTrue((dataset / self.below).read_bytes() == CONTENT)
        for remote in remotes:
            self.assertEqual(remote.end(), (0, b""))
        self.assertFalse((dataset / ".microstage").exists())

    def test_retrieves_during_removals(self):
        for settings in ({}, VERIFY_ONCE):
            dataset = self.make_store(f"store{len(settings)}")
            self.configure(self.clone, settings)
            reader, writer = self.start(dataset.parts[-3]), self.start(dataset.parts[-3])
            done = threading.Event()

            def retrieve_all():
                for _ in range(3 * ROUNDS):
                    reply = reader.request(f"TRANSFER RETRIEVE {KEY} {self.target.relative_to(self.clone)}")
                    if reply.startswith("TRANSFER-SUCCESS"):
                        self.assertTrue(self.target.read_bytes() == CONTENT)
                    else:
                        self.assertIn("does not have it", reply)
                    self.target.unlink(missing_ok=True)

            def retrieve():
                try:
                    retrieve_all()
                finally:
                    done.set()

            def churn():
                while not done.is_set():
                    self.put(dataset, CONTENT)
                    reply = writer.request(f"REMOVE {KEY}")
                    self.assertEqual(reply, f"REMOVE-SUCCESS {KEY}")

            self.together(retrieve, churn)
            self.assertEqual(reader.end(), (0, b""))
            self.assertEqual(writer.end(), (0, b""))

    def test_presence_is_never_half(self):
        dataset = self.make_store()
        writer, asker = self.start(), self.start()
        for _ in range(ROUNDS):
            stored = threading.Event()
            replies = []

            def store():
                try:
                    writer.request(f"TRANSFER STORE {KEY} source")
                finally:
                    stored.set()

            def ask():
                while not stored.is_set():
                    replies.append(asker.request(f"CHECKPRESENT {KEY}"))
                    if replies[-1] == f"CHECKPRESENT-SUCCESS {KEY}":
                        self.assertTrue((dataset / self.below).read_bytes() == CONTENT)

            self.together(store, ask)
            self.assertLessEqual(set(replies), {f"CHECKPRESENT-SUCCESS {KEY}", f"CHECKPRESENT-FAILURE {KEY}"})
            self.assertEqual(asker.request(f"CHECKPRESENT {KEY}"), f"CHECKPRESENT-SUCCESS {KEY}")
            self.assertEqual(asker.request(f"REMOVE {KEY}"), f"REMOVE-SUCCESS {KEY}")

    # ---- two stores, one file of git-annex's -------------------------------------------------------------------

    def take(self):
        """What git-annex does with a file reported as good: it becomes the object. Returns its new name, or nothing when
        another git-annex, told the same of the same file, was faster."""
        taken = self.clone / f"taken{self.random.random()}"
        try:
            os.rename(self.target, taken)
        except FileNotFoundError:
            return []
        return [taken]

    def two_remotes(self, settings, trouble):
        good, bad = self.make_store("good"), self.make_store("bad")
        self.configure(self.clone, settings)
        for _ in range(ROUNDS):
            damaged = bytearray(CONTENT)
            damaged[self.random.randrange(len(damaged))] ^= 4
            self.put(good, CONTENT)
            self.put(bad, bytes(damaged))
            remotes = [self.start("good"), self.start("bad", "cap2", "99999999-2222-4333-8444-555555555555")]
            taken = []

            def retrieve(remote):
                reply = remote.request(f"TRANSFER RETRIEVE {KEY} {self.target.relative_to(self.clone)}")
                if reply and reply.startswith("TRANSFER-SUCCESS"):
                    for path in self.take():
                        taken.append(path)
                        self.assertTrue(path.read_bytes() == CONTENT)

            def disturb():
                victim = self.random.choice(remotes)
                threading.Event().wait(self.random.random() * 0.1)
                if trouble == "cancelled":
                    victim.signal(self.random.choice([signal.SIGTERM, signal.SIGINT]))
                elif trouble == "killed":
                    victim.signal(signal.SIGKILL)

            self.together(*[lambda remote=remote: retrieve(remote) for remote in remotes], disturb)
            for remote in remotes:
                remote.process.stdin.close()
                self.assertEqual(remote.wait()[1], b"")
            for path in taken:  # whoever was still writing has not written there
                self.assertTrue(path.read_bytes() == CONTENT)
                path.unlink()
            # What is left can be gone on from, or is found out and thrown away.
            last = self.start("good")
            for _ in range(2):
                reply = last.request(f"TRANSFER RETRIEVE {KEY} {self.target.relative_to(self.clone)}")
                if reply.startswith("TRANSFER-SUCCESS"):
                    break
            self.assertTrue(reply.startswith("TRANSFER-SUCCESS"), reply)
            self.assertTrue(self.target.read_bytes() == CONTENT)
            self.target.unlink()
            self.assertEqual(last.end(), (0, b""))

    def test_two_remotes_follow(self):
        self.two_remotes({}, None)

    def test_two_remotes_follow_cancelled(self):
        self.two_remotes({}, "cancelled")

    def test_two_remotes_follow_killed(self):
        self.two_remotes({}, "killed")

    BOTH_ONCE = {**VERIFY_ONCE, **{name.replace("cap", "cap2"): value for name, value in VERIFY_ONCE.items()}}

    def test_two_remotes_verify_once(self):
        self.two_remotes(self.BOTH_ONCE, None)

    def test_two_remotes_verify_once_cancelled(self):
        self.two_remotes(self.BOTH_ONCE, "cancelled")

    def test_two_remotes_verify_once_killed(self):
        self.two_remotes(self.BOTH_ONCE, "killed")

    def test_two_remotes_one_of_each_kind(self):
        self.two_remotes(VERIFY_ONCE, None)


class RaceInGitAnnex(AnnexTest):
    """The same through git-annex."""

    def test_two_clones_push_one_key(self):
        dataset = self.make_store()
        first = self.make_clone("first", {"file": CONTENT})
        second = self.other_clone(first, "second")
        self.git(second, "config", "annex.hardlink", "false")
        self.annex(second, "get", "--quiet", "--from", "origin")
        for _ in range(3):
            pushes = [subprocess.Popen(["git", "annex", "copy", "--quiet", "--to", "cap"], cwd=clone, env=self.env,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for clone in (first, second)]
            for push in pushes:
                output, _ = push.communicate(timeout=120)
                self.assertEqual(push.returncode, 0, output)
            (path,) = self.objects(dataset).values()
            self.assertTrue(path.read_bytes() == CONTENT)
            self.assertEqual(self.litter(dataset, first), [])
            path.unlink()

    def test_two_remotes_into_one_clone(self):
        good, bad = self.make_store("good"), self.make_store("bad")
        clone = self.make_clone(files={"file": CONTENT}, store="good")
        self.annex(clone, "initremote", "cap2", "type=external", "externaltype=microstage", "encryption=none",
                   f"url=ria+file://{self.root}/bad", f"archive-id={DATASET}")
        for settings in ({}, Race.BOTH_ONCE):
            self.configure(clone, settings)
            for _ in range(2):
                for remote in ("cap", "cap2"):
                    self.annex(clone, "copy", "--quiet", "--to", remote)
                (path,) = self.objects(bad).values()
                self.damage(path, "flip")
                self.annex(clone, "drop", "--quiet", "--force")
                gets = [subprocess.Popen(["git", "annex", "get", "--from", remote], cwd=clone, env=self.env,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for remote in ("cap2", "cap")]
                for get in gets:
                    get.communicate(timeout=120)
                if (clone / "file").exists():
                    self.assertTrue((clone / "file").read_bytes() == CONTENT)
                self.annex(clone, "get", "--from", "cap")
                self.assertTrue((clone / "file").read_bytes() == CONTENT)
                self.assertTrue(self.objects(good)[self.key(clone, "file")].read_bytes() == CONTENT)

    def storing(self, act):
        """Runs `act` on the local object while git-annex copies it to the store."""
        dataset = self.make_store()
        clone = self.make_clone()
        with (clone / "file").open("wb") as file:
            file.write(CONTENT)
            file.truncate(400 << 20)
        self.annex(clone, "add", "--quiet", "file")
        self.git(clone, "commit", "--quiet", "-m", "file")
        copy = subprocess.Popen(["git", "annex", "copy", "--debug", "--to", "cap"], cwd=clone, env=self.env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        parts = dataset / ".microstage"
        self.assertTrue(wait_until(lambda: any(part.stat().st_size for part in parts.glob("*.part"))))
        path = (clone / "file").resolve()
        path.parent.chmod(0o755)
        path.chmod(0o644)
        act(path)
        output, _ = copy.communicate(timeout=120)
        return dataset, clone, output, copy.returncode

    def test_a_source_that_is_dropped_meanwhile_stays_in_the_store(self):
        dataset, clone, output, _ = self.storing(lambda path: path.unlink())
        self.assertIn("TRANSFER-SUCCESS STORE", output)
        (path,) = self.objects(dataset).values()
        self.assertEqual(f"SHA256E-s{400 << 20}--{hashlib.sha256(path.read_bytes()).hexdigest()}", path.name)
        # The one copy there is: git-annex finds it again.
        self.annex(clone, "fsck", "--fast", "--from", "cap")
        self.try_annex(clone, "fsck", "--fast")
        self.annex(clone, "get", "file")
        self.assertEqual(self.litter(dataset, clone), [])

    def test_a_source_that_is_changed_meanwhile_does_not_reach_the_store(self):
        def change(path):
            with path.open("r+b") as file:
                file.seek(-1, os.SEEK_END)
                file.write(b"x")

        dataset, clone, _, status = self.storing(change)
        self.assertNotEqual(status, 0)
        self.assertEqual(self.objects(dataset), {})
        self.assertEqual(self.litter(dataset, clone), [])


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
