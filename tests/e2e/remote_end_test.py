#!/usr/bin/env python3
"""How the remote ends in the middle of a large transfer, what it leaves, and that it minds its own streams, descriptors
and working directory. The test plays git-annex."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import DATASET, VERIFY_ONCE, AnnexTest, processes_of, random_bytes, wait_until
from microstage_testing import BIN, main
from remote_process import RemoteProcess

GIB = 1 << 30
# The digest does not matter where no transfer reaches its end.
LARGE = f"SHA256-s{GIB}--{'0' * 64}"
SMALL = "SHA256-s5--2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"  # "hello"
UUID = "11111111-2222-4333-8444-555555555555"
PROGRAM = BIN / "git-annex-remote-microstage"
SECONDS = 3  # it should take one; the machine may be busy


class End(AnnexTest):
    def setUp(self):
        super().setUp()
        self.dataset = self.make_store()
        self.clone = self.root / "clone"
        self.run_ok("git", "init", "--quiet", self.clone)
        (self.clone / ".git/annex/tmp").mkdir(parents=True)
        (self.clone / "hello").write_bytes(b"hello")

    def start(self, settings=None, env=None, **kwargs):
        self.configure(self.clone, settings or {})
        answers = {"GETCONFIG url": f"ria+file://{self.root}/store", "GETCONFIG push-url": "",
                   "GETCONFIG archive-id": DATASET, "GETCONFIG name": "cap", "GETUUID": UUID, "GETGITDIR": ".git",
                   "GETGITREMOTENAME": "cap"}
        return RemoteProcess(PROGRAM, self.clone, env or self.env, answers, **kwargs)

    def sparse(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.truncate(GIB)

    def annex_path(self, key):
        """git-annex's own mixed hash directories."""
        directories = self.run_ok("git", "-C", self.clone, "annex", "examinekey", "--format=${hashdirmixed}", key)
        return self.dataset / "annex/objects" / directories.strip() / key / key

    def test_leaves_no_process_whatever_its_input_is(self):
        for name in ("pipe", "/dev/null", "file"):
            with self.subTest(name):
                (self.root / "file").touch()
                source = {"pipe": subprocess.PIPE, "/dev/null": subprocess.DEVNULL}.get(name)
                with open(self.root / "file") as file:
                    process = subprocess.Popen([PROGRAM], stdin=source or file, stdout=subprocess.DEVNULL,
                                               env=self.env, start_new_session=True)
                    if process.stdin:
                        process.stdin.close()
                    self.assertEqual(process.wait(), 0)
                ended = wait_until(lambda group=process.pid: not processes_of(group), SECONDS)
                for pid in processes_of(process.pid):
                    os.kill(pid, signal.SIGKILL)
                self.assertTrue(ended, "a process stayed")

    ways = {
        "SIGTERM": (lambda remote: remote.signal(signal.SIGTERM), 128 + signal.SIGTERM),
        "SIGINT": (lambda remote: remote.signal(signal.SIGINT), 128 + signal.SIGINT),
        "SIGHUP": (lambda remote: remote.signal(signal.SIGHUP), 128 + signal.SIGHUP),
        "end of input": (lambda remote: remote.process.stdin.close(), 0),
        "nobody reads": (lambda remote: remote.process.stdout.close(), None),
        "git-annex's own order": (lambda remote: (remote.process.stdout.close(), remote.process.stdin.close()), None),
    }

    def ends(self, remote, way):
        act, status = self.ways[way]
        act(remote)
        started = time.monotonic()
        ended, errors = remote.wait(20)
        self.assertLess(time.monotonic() - started, SECONDS, way)
        self.assertEqual(errors, b"")
        if status is not None:
            self.assertEqual(ended, status)
        self.assertIn(ended, (0, 1, 129, 130, 143))

    def test_a_retrieve_that_is_ended_leaves_a_prefix_or_nothing(self):
        for settings, extensions in (({}, "INFO ASYNC GETGITREMOTENAME"), (VERIFY_ONCE, "INFO")):
            for way in self.ways:
                with self.subTest(way=way, settings=settings):
                    self.sparse(self.annex_path(LARGE))
                    remote = self.start(settings, extensions=extensions)
                    target = self.clone / ".git/annex/tmp" / LARGE
                    private = self.clone / ".git/annex/microstage" / UUID / LARGE
                    growing = private if settings else target
                    remote.start(f"TRANSFER RETRIEVE {LARGE} .git/annex/tmp/{LARGE}")
                    self.assertTrue(wait_until(lambda: growing.exists() and growing.stat().st_size > 0))
                    self.ends(remote, way)
                    self.assertEqual(target.exists(), not settings)
                    left = growing.read_bytes() if growing.exists() else b""
                    self.assertLess(len(left), GIB)
                    self.assertEqual(left.count(0), len(left))
                    size = len(left)
                    time.sleep(0.05)
                    self.assertEqual(growing.stat().st_size if growing.exists() else 0, size)
                    growing.unlink(missing_ok=True)

    def test_a_store_that_is_ended_leaves_nothing(self):
        self.sparse(self.clone / "source")
        for extensions in ("INFO ASYNC", "INFO"):
            for way in self.ways:
                with self.subTest(way=way, extensions=extensions):
                    remote = self.start(extensions=extensions)
                    remote.start(f"TRANSFER STORE {LARGE} source")
                    work = self.dataset / ".microstage"
                    self.assertTrue(wait_until(lambda: any(p.stat().st_size for p in work.glob("*.part"))))
                    self.ends(remote, way)
                    self.assertEqual(self.objects(self.dataset), {})
        # A file that a busy kernel kept from being tidied goes with the next store.
        remote = self.start()
        self.assertEqual(remote.request(f"TRANSFER STORE {SMALL} hello"), f"TRANSFER-SUCCESS STORE {SMALL}")
        self.assertEqual(remote.end(), (0, b""))
        self.assertFalse((self.dataset / ".microstage").exists())

    def test_whatever_comes_next_tidies_up_after_a_kill(self):
        for settings in ({}, VERIFY_ONCE):
            remote = self.start(settings)
            self.assertEqual(remote.request(f"TRANSFER STORE {SMALL} hello"), f"TRANSFER-SUCCESS STORE {SMALL}")
            self.assertEqual(remote.request(f"TRANSFER RETRIEVE {SMALL} .git/annex/tmp/x"),
                             f"TRANSFER-SUCCESS RETRIEVE {SMALL}")
            remote.kill()
            (self.dataset / ".microstage").mkdir(exist_ok=True)
            (self.dataset / ".microstage/0123456789abcdef.part").write_bytes(b"half")
            remote = self.start(settings)
            self.assertEqual(remote.request(f"CHECKPRESENT {SMALL}"), f"CHECKPRESENT-SUCCESS {SMALL}")
            self.assertEqual(remote.request(f"REMOVE {SMALL}"), f"REMOVE-SUCCESS {SMALL}")
            self.assertEqual(remote.end(), (0, b""))
            self.assertFalse((self.dataset / ".microstage").exists())
            self.assertFalse((self.clone / ".git/annex/microstage").exists())

    def test_ends_while_it_waits_for_an_answer(self):
        for way in self.ways:
            with self.subTest(way=way):
                remote = self.start()
                remote.start("INITREMOTE")
                self.assertEqual(remote.line(), "J 1 GETCONFIG url")
                self.ends(remote, way)

    def test_an_idle_remote_stays_and_ends_at_once(self):
        for way in self.ways:
            with self.subTest(way=way):
                remote = self.start()
                time.sleep(0.2)
                self.assertIsNone(remote.process.poll())
                self.ends(remote, way)
        remote = self.start()
        self.assertEqual(remote.end(), (0, b""))  # as git-annex ends every session

    def test_a_reader_that_stops_reading_does_not_keep_it(self):
        remote = self.start()
        for _ in range(3000):  # answers fill the pipe
            remote.start("LISTCONFIGS")
        self.ends(remote, "end of input")

    def test_git_annex_can_still_write_after_a_kill(self):
        """Else it never ends: git-annex in ASYNC cannot live with a broken pipe (input_keeper.h)."""
        for number in (signal.SIGKILL, signal.SIGTERM):
            remote = self.start()
            remote.start("INITREMOTE")
            self.assertEqual(remote.line(), "J 1 GETCONFIG url")
            remote.signal(number)
            remote.process.wait(20)
            remote.send("J 1 VALUE ria+file:///nowhere")  # no BrokenPipeError
            self.assertIsNone(remote.line())
            self.assertEqual(remote.process.stderr.read(), b"")
            pipe = os.readlink(f"/proc/self/fd/{remote.process.stdin.fileno()}")
            self.assertEqual(len(self.holders(pipe)), 1)
            remote.process.stdin.close()  # git-annex's next step
            self.assertTrue(wait_until(lambda: not self.holders(pipe)), "a process stayed")
            remote.process.stdout.close()
            remote.process.stderr.close()

    @staticmethod
    def holders(pipe):
        """Processes of ours that have this pipe as their standard input."""
        found = []
        for proc in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (proc / "comm").read_text() == "microstage-hold\n" and os.readlink(proc / "fd/0") == pipe:
                    found.append(proc.name)
        return found

    # ---- its own business ---------------------------------------------------------------------------------

    def test_children_see_three_descriptors(self):
        real = self.run_ok("which", "git").strip()
        log = self.root / "descriptors"
        script = f'#!/bin/sh\nls /proc/self/fd | sort -n | tr "\\n" " " >>{log}\nreadlink /proc/self/fd/0 >>{log}\nexec {real} "$@"\n'
        env = self.env_with(self.wrapper_directory(self.root, "git", script))
        remote = self.start(env=env)
        (self.clone / "hello").write_bytes(b"hello")
        self.assertEqual(remote.request(f"TRANSFER STORE {SMALL} hello"), f"TRANSFER-SUCCESS STORE {SMALL}")
        target = self.clone / ".git/annex/tmp/x"
        self.assertEqual(remote.request(f"TRANSFER RETRIEVE {SMALL} .git/annex/tmp/x"),
                         f"TRANSFER-SUCCESS RETRIEVE {SMALL}")
        self.assertEqual(target.read_bytes(), b"hello")
        self.assertEqual(os.readlink(f"/proc/{remote.process.pid}/cwd"), str(self.clone))
        self.assertEqual(remote.end(), (0, b""))
        lines = log.read_text().splitlines()
        self.assertEqual(len(lines), 1, "git was started more than once")
        self.assertEqual(lines[0], "0 1 2 3 /dev/null")  # 3 is the directory that ls itself reads

    def test_works_without_standard_error(self):
        for redirection in ("2>&-", "2>/dev/full"):
            result = subprocess.run(["sh", "-c", f"exec {PROGRAM} {redirection}"], env=self.env, cwd=self.clone,
                                    input=b"EXTENSIONS INFO\nLISTCONFIGS\n", capture_output=True, timeout=30)
            self.assertEqual(result.returncode, 0)
            self.assertTrue(result.stdout.startswith(b"VERSION 2\nEXTENSIONS INFO\nCONFIG url "))
            self.assertTrue(result.stdout.endswith(b"CONFIGEND\n"))

    def test_without_its_streams_it_says_who_should_run_it(self):
        for redirection in ("<&-", ">&-", "<&- >&-"):
            result = self.run_raw("sh", "-c", f"exec {PROGRAM} {redirection}", timeout=30)
            self.assertEqual(result.returncode, 1, redirection)
            self.assertIn("git-annex runs this program", result.stderr)

    def test_arguments_are_a_mistake(self):
        self.assertEqual(self.run_raw(PROGRAM, "--help").returncode, 0)
        wrong = self.run_raw(PROGRAM, "sync")
        self.assertEqual((wrong.returncode, wrong.stdout), (2, ""))

    def test_a_last_line_without_its_end_is_no_request(self):
        self.sparse(self.clone / "source")
        result = subprocess.run([str(PROGRAM)], env=self.env, cwd=self.clone, input=b"EXTENSIONS INFO\nLISTCONFIGS",
                                capture_output=True, timeout=30)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, b"VERSION 2\nEXTENSIONS INFO\n", b""))

    def test_many_jobs_one_process(self):
        """-J4: git-annex starts one process where ASYNC was agreed on."""
        clone = self.make_clone("annex", {f"f{i}": random_bytes(50_000, i) for i in range(8)})
        log = self.root / "starts"
        script = f'#!/bin/sh\necho start >>{log}\nexec {PROGRAM} "$@"\n'
        env = self.env_with(self.wrapper_directory(self.root, "git-annex-remote-microstage", script))
        for command in (("copy", "--to", "cap"), ("drop",), ("get",)):
            log.write_text("")
            self.annex(clone, *command, "-J4", ".", env=env)
            self.assertEqual(log.read_text(), "start\n", command)
        self.assertEqual((clone / "f7").read_bytes(), random_bytes(50_000, 7))


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
