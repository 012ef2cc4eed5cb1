"""For tests of the remote with git-annex alone: a RIA store and clones made by hand, without DataLad."""

import contextlib
import os
import pathlib
import random
import shutil
import signal
import sys
import time

from microstage_testing import MicrostageTest

DATASET = "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01"
SOAK = os.environ.get("MICROSTAGE_SOAK") == "1"
# Two ways to verify a retrieve: git-annex follows the file, or the remote alone checks it.
VERIFY_ONCE = {"remote.cap.annex-security-allow-unverified-downloads": "ACKTHPPT", "remote.cap.annex-verify": "false"}


def random_bytes(size, seed):
    return random.Random(seed).randbytes(size)


def wait_until(holds, seconds=60):
    """True when `holds` came true; a watchdog, not a measurement."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


def processes_of(group):
    """{pid: name} of the living processes in a process group."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            state, _, pgrp = rest.split()[:3]
        except (OSError, ValueError):
            continue
        if int(pgrp) == group and state != "Z":
            found[int(entry.name)] = name
    return found


def kill(process, victim):
    """kill -9 of "all" of a git-annex's group, of "git-annex" itself or of its "remote"; False when it had ended before."""
    alive = process.poll() is None
    if victim == "all" and alive:
        os.killpg(process.pid, signal.SIGKILL)
    elif victim == "git-annex" and alive:
        process.kill()
    elif alive:
        for pid, name in processes_of(process.pid).items():
            if name.startswith("git-annex-remot"):  # the kernel keeps 15 bytes
                with contextlib.suppress(ProcessLookupError):  # it ended by itself
                    os.kill(pid, signal.SIGKILL)
    return alive


def describe_processes(group):
    """What each process of a group is, where its threads wait in the kernel, and what it has open: for a test that found it
    stuck."""
    lines = []
    for pid, name in sorted(processes_of(group).items()):
        proc = pathlib.Path("/proc") / str(pid)
        with contextlib.suppress(OSError):
            lines.append(f"{pid} {name}: {(proc / 'cmdline').read_bytes().replace(bytes(1), b' ')!r}")
            for thread in sorted((proc / "task").iterdir()):
                waits = [(thread / what).read_text().strip() for what in ("comm", "wchan", "syscall")]
                lines.append(f"  thread {thread.name}: {' | '.join(waits)}")
            lines += [f"  {entry.name} -> {os.readlink(entry)}" for entry in sorted((proc / "fd").iterdir())]
    return "\n".join(lines)


class AnnexTest(MicrostageTest):
    def make_store(self, name="store", layout="2"):
        """The path of the one dataset in it."""
        dataset = self.root / name / DATASET[:3] / DATASET[3:]
        dataset.mkdir(parents=True)
        (self.root / name / "ria-layout-version").write_text("1\n")
        (dataset / "ria-layout-version").write_text(f"{layout}\n")
        return dataset

    def annex(self, clone, *words, **kwargs):
        return self.run_ok("git", "-C", clone, "annex", *words, **kwargs)

    def try_annex(self, clone, *words, **kwargs):
        return self.run_raw("git", "-C", clone, "annex", *words, **kwargs)

    def make_clone(self, name="clone", files=None, store="store", remote="cap", parameters=("encryption=none",)):
        """A repository with the remote and the annexed files, which are in it and not in the store."""
        clone = self.root / name
        self.run_ok("git", "init", "--quiet", clone)
        self.annex(clone, "init", "--quiet", name)
        self.annex(clone, "initremote", remote, "type=external", "externaltype=microstage", *parameters,
                   f"url=ria+file://{self.root / store}", f"archive-id={DATASET}")
        for path, content in (files or {}).items():
            (clone / path).write_bytes(content)
        if files:
            self.annex(clone, "add", "--quiet", ".")
            self.git(clone, "commit", "--quiet", "-m", "files")
        return clone

    def other_clone(self, origin, name):
        """A clone with the same remote, without content."""
        clone = self.root / name
        self.run_ok("git", "clone", "--quiet", origin, clone)
        self.annex(clone, "init", "--quiet", name)
        self.annex(clone, "enableremote", "cap")
        return clone

    def configure(self, clone, settings):
        for name, value in settings.items():
            self.git(clone, "config", name, value)

    def key(self, clone, path):
        return self.annex(clone, "lookupkey", path).strip()

    @staticmethod
    def objects(dataset):
        """Objects of the store by name."""
        return {path.name: path for path in (dataset / "annex/objects").rglob("*") if path.is_file()}

    def litter(self, dataset, clone):
        """What a finished run must not leave. git-annex does not wait for every process it started, so this does."""
        wait_until(lambda: not self.work_files(dataset, clone), 5)
        return self.work_files(dataset, clone)

    @staticmethod
    def work_files(dataset, clone):
        found = [path for work in (dataset / ".microstage", clone / ".git/annex/microstage")
                 for path, _, files in os.walk(work) if files or path == str(work)]
        if any("/quarantine/" in path for path in found):  # which stays
            found = [path for path in found if "/quarantine" not in path and not path.endswith("/.microstage")]
        return found

    def damage(self, path, how):
        """A bit flipped in the middle, the end cut off, a byte more, or nothing left."""
        content = bytearray(path.read_bytes())
        if how == "flip":
            content[len(content) // 2] ^= 1
        content = {"flip": content, "truncate": content[:-1], "extend": content + b"x", "empty": b""}[how]
        path.chmod(0o644)
        path.write_bytes(content)

    @staticmethod
    def wrapper_directory(root, name, script):
        """A directory for the front of PATH with one executable."""
        directory = root / f"wrap-{name}"
        directory.mkdir(exist_ok=True)
        (directory / name).write_text(script)
        (directory / name).chmod(0o755)
        return directory

    def env_with(self, directory=None, **more):
        env = {**self.env, **more}
        if directory:
            env["PATH"] = f"{directory}:{env['PATH']}"
        return env

    def plain_env(self):
        """git-annex without ASYNC: the wrapper takes the word out of the offer."""
        real = shutil.which("git-annex-remote-microstage", path=self.env["PATH"])
        script = ("#!/usr/bin/env python3\n"
                  "import os, sys, threading\nimport subprocess\n"
                  f"child = subprocess.Popen([{real!r}], stdin=subprocess.PIPE)\n"
                  "for line in sys.stdin.buffer:\n"
                  "    try:\n"
                  "        child.stdin.write(line.replace(b' ASYNC', b''))\n        child.stdin.flush()\n"
                  "    except OSError:\n        break\n"
                  "child.stdin.close()\nsys.exit(child.wait())\n")
        return self.env_with(self.wrapper_directory(self.root, "git-annex-remote-microstage", script))
