#!/usr/bin/env python3
"""A store whose file system hangs, as when a server of it stops answering: whatever the remote is doing, its end and
git-annex's come all the same."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import DATASET, AnnexTest, describe_processes, processes_of, wait_until
from microstage_testing import BIN, main
from remote_process import RemoteProcess

PROGRAM = BIN / "git-annex-remote-microstage"
UUID = "11111111-2222-4333-8444-555555555555"
HELLO = "SHA256-s5--2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # "hello"
SECONDS = 5  # it should take one; the machine may be busy


class Hung(AnnexTest):
    """The store is seen through bindfs, and that is stopped."""

    def setUp(self):
        super().setUp()
        self.dataset = self.make_store("disk")
        self.clone = self.root / "clone"
        mount = self.root / "store"
        mount.mkdir()
        self.server = subprocess.Popen(["bindfs", "-f", self.root / "disk", mount], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
        self.addCleanup(self.unmount, mount)
        mounted = wait_until(lambda: os.path.ismount(mount) or self.server.poll() is not None, 20)
        if not mounted or self.server.poll() is not None:
            self.skipTest(f"no FUSE file system here: {self.server.stderr.read() if mounted else ''}")

    def unmount(self, mount):
        self.server.send_signal(signal.SIGCONT)
        subprocess.run(["umount", "-l", mount], stderr=subprocess.DEVNULL, check=False)
        self.server.kill()
        self.server.communicate()

    def hang(self):
        self.server.send_signal(signal.SIGSTOP)
        with open(f"/proc/{self.server.pid}/stat") as stat:
            self.assertTrue(wait_until(lambda: stat.seek(0) or stat.read().rpartition(") ")[2].startswith("T")))

    def test_the_remote_ends_in_time(self):
        self.run_ok("git", "init", "--quiet", self.clone)
        (self.clone / "hello").write_bytes(b"hello")
        answers = {"GETCONFIG url": f"ria+file://{self.root}/store", "GETCONFIG push-url": "",
                   "GETCONFIG archive-id": DATASET, "GETCONFIG name": "cap", "GETUUID": UUID, "GETGITDIR": ".git",
                   "GETGITREMOTENAME": "cap"}
        ways = {"SIGTERM": lambda remote: remote.signal(signal.SIGTERM),
                "end of input": lambda remote: remote.process.stdin.close(),
                "nobody reads": lambda remote: remote.process.stdout.close()}
        for way, act in ways.items():
            # Idle, and with the store open; in the middle of looking; in the middle of storing.
            for request in (None, f"CHECKPRESENT {HELLO}", f"TRANSFER STORE {HELLO} hello"):
                with self.subTest(way=way, request=request):
                    remote = RemoteProcess(PROGRAM, self.clone, self.env, answers)
                    self.assertEqual(remote.request(f"TRANSFER STORE {HELLO} hello"), f"TRANSFER-SUCCESS STORE {HELLO}")
                    self.assertEqual(remote.request(f"REMOVE {HELLO}").split()[0], "REMOVE-FAILURE")  # a rollback
                    self.assertEqual(remote.request(f"REMOVE {HELLO}"), f"REMOVE-SUCCESS {HELLO}")
                    self.hang()
                    try:
                        if request:
                            remote.start(request)
                            time.sleep(0.1)  # so that it may be under way
                        started = time.monotonic()
                        act(remote)
                        self.assertEqual(remote.wait(SECONDS * 2)[1], b"")
                        self.assertLess(time.monotonic() - started, SECONDS)
                    finally:
                        self.server.send_signal(signal.SIGCONT)

    def git_annex(self, *words, **kwargs):
        return subprocess.Popen(["git", "-C", self.clone, "annex", *words], env=self.env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True, **kwargs)

    def check_ended(self, process, group):
        ended = wait_until(lambda: not processes_of(group), 4 * SECONDS)
        stuck = "" if ended else describe_processes(group)
        if not ended:
            os.killpg(group, signal.SIGKILL)
        process.communicate(timeout=SECONDS)
        self.assertTrue(ended, stuck)

    def test_git_annex_ends(self):
        self.make_clone(files={f"f{i}": bytes([i]) * 5000 for i in range(4)})
        self.annex(self.clone, "copy", "--quiet", "--to", "cap")
        self.annex(self.clone, "drop", "--quiet", "f1", "f2", "f3")
        # By itself, when it has all the answers that it wanted.
        process = self.git_annex("checkpresentkey", "--batch", "cap", stdin=subprocess.PIPE)
        process.stdin.write(self.key(self.clone, "f0") + "\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), "1\n")
        self.hang()
        process.stdin.close()
        process.stdin = None
        self.check_ended(process, process.pid)
        # While it waits for content, when a person has had enough.
        for number, jobs in ((signal.SIGINT, "-J2"), (signal.SIGTERM, "-J1")):
            with self.subTest(number):
                process = self.git_annex("get", jobs, ".")
                self.assertTrue(wait_until(lambda: any(name.startswith("git-annex-remot")
                                                       for name in processes_of(process.pid).values())))
                time.sleep(0.3)  # so that it hangs in a request
                os.killpg(process.pid, number)
                self.check_ended(process, process.pid)


if __name__ == "__main__":
    if not shutil.which("bindfs") or not os.path.exists("/dev/fuse"):
        print("SKIP: needs bindfs and /dev/fuse, for a file system that hangs")
        sys.exit(77)
    main(needs=("git", "git-annex"))
