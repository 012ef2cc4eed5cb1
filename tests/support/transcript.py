"""Transcripts of dialogues between git-annex and the remote: reading them, and playing git-annex's side of them, whole,
cut off or damaged.

    # a comment
    @source CONTENT PATH     a file of the clone before the dialogue
    @stored CONTENT          the store holds it before the dialogue
    @config NAME VALUE       of git
    @text PATH WORDS         a file of the clone with these words and a line end
    @exported CONTENT NAME   the file tree holds it before the dialogue
    @tree CONTENT NAME       the file tree holds it after the dialogue, and nothing without such a line
    < LINE                   from git-annex
    > LINE                   from the remote; PROGRESS, which depends on time, is not written down

{STORE} stands for the store's path, {TREE} for that of the file tree."""

import functools
import hashlib
import os
import random
import select
import subprocess
import time

from annex_bench import DATASET
from microstage_testing import BIN, remove_tree

UUID = "11111111-2222-4333-8444-555555555555"
# Followed in place, and renamed; name to size.
CONTENTS = {"large.bin": 1_200_000, "small.bin": 3_000}
WATCHDOG = 5  # seconds that an end may take; it takes milliseconds
REPLIES = {"VERSION", "EXTENSIONS", "ERROR", "PREPARE-SUCCESS", "PREPARE-FAILURE", "INITREMOTE-SUCCESS",
           "INITREMOTE-FAILURE", "TRANSFER-SUCCESS", "TRANSFER-FAILURE", "CHECKPRESENT-SUCCESS", "CHECKPRESENT-FAILURE",
           "CHECKPRESENT-UNKNOWN", "REMOVE-SUCCESS", "REMOVE-FAILURE", "WHEREIS-SUCCESS", "WHEREIS-FAILURE", "COST",
           "AVAILABILITY", "INFOFIELD", "INFOVALUE", "INFOEND", "CONFIG", "CONFIGEND", "UNSUPPORTED-REQUEST",
           "EXPORTSUPPORTED-SUCCESS", "EXPORTSUPPORTED-FAILURE", "RENAMEEXPORT-SUCCESS", "RENAMEEXPORT-FAILURE",
           "REMOVEEXPORTDIRECTORY-SUCCESS", "REMOVEEXPORTDIRECTORY-FAILURE", "GETCONFIG", "SETCONFIG", "GETUUID", "GETGITDIR", "GETGITREMOTENAME", "INFO",
           "DEBUG", "PROGRESS"}


@functools.cache
def content_of(name):
    return random.Random(name).randbytes(CONTENTS[name])


@functools.cache
def key_of(name):
    return f"SHA256E-s{CONTENTS[name]}--{hashlib.sha256(content_of(name)).hexdigest()}.bin"


def mixed_hash(key):
    """git-annex's hash directories in a clone."""
    word = int.from_bytes(hashlib.md5(key.encode()).digest()[:4], "little")
    letters = ["0123456789zqjxkmvwgpfZQJXKMVWGPF"[word >> 6 * i & 31] for i in range(4)]
    return f"{letters[1]}{letters[0]}/{letters[3]}{letters[2]}"


class Transcript:
    def __init__(self, path):
        self.name = path.stem
        self.sources, self.texts, self.stored, self.configs, self.lines = [], [], [], [], []
        self.exported, self.tree = [], []
        for line in path.read_text(errors="surrogateescape").split("\n")[:-1]:
            mark, _, rest = line.partition(" ")
            if mark in ("<", ">"):
                self.lines.append((mark, rest))
            elif mark in ("@source", "@config", "@text", "@exported", "@tree"):
                {"@source": self.sources, "@config": self.configs, "@text": self.texts, "@exported": self.exported,
                 "@tree": self.tree}[mark].append(rest.split(" ", 1))
            elif mark == "@stored":
                self.stored.append(rest)
            else:
                assert mark == "#", line

    def input_lines(self):
        return [i for i, (mark, _) in enumerate(self.lines) if mark == "<"]


class Stage:
    """A store and a clone as a transcript wants them, made anew for each playing. Contents are hard links to one copy."""

    def __init__(self, root, env):
        self.root, self.env = root, env
        self.pool = root / "pool"
        self.pool.mkdir()
        for name in CONTENTS:
            (self.pool / name).write_bytes(content_of(name))

    def set(self, transcript, number):
        self.place = self.root / f"case{number}"
        self.store = self.place / "store"
        self.tree = self.place / "tree"
        self.tree.mkdir(parents=True)
        self.dataset = self.store / DATASET[:3] / DATASET[3:]
        self.clone = self.place / "clone"
        (self.clone / ".git/annex/tmp").mkdir(parents=True)
        self.dataset.mkdir(parents=True)
        (self.store / "ria-layout-version").write_text("1\n")
        (self.dataset / "ria-layout-version").write_text("2\n")
        for name, path in transcript.sources:
            (self.clone / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(self.pool / name, self.clone / path)
        for name, path in transcript.exported:
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            os.link(self.pool / name, self.tree / path)
        for path, words in transcript.texts:
            (self.clone / path).write_text(words + "\n")
        for name in transcript.stored:
            key = key_of(name)
            path = self.dataset / "annex/objects" / mixed_hash(key) / key / key
            path.parent.mkdir(parents=True, exist_ok=True)
            os.link(self.pool / name, path)
        env = {**self.env, "GIT_CEILING_DIRECTORIES": str(self.place), "GIT_CONFIG_COUNT": str(len(transcript.configs))}
        for i, (name, value) in enumerate(transcript.configs):
            env |= {f"GIT_CONFIG_KEY_{i}": name, f"GIT_CONFIG_VALUE_{i}": value}
        return env

    def strike(self):
        remove_tree(self.place)

    def wrong_files(self):
        """Files in the store or the clone that are not what their names say; a clone's may be a beginning."""
        good = {key_of(name): content_of(name) for name in CONTENTS}
        found = []
        for path in self.dataset.rglob("annex/objects/**/*"):
            if not path.is_file() or path.name.startswith("GITMANIFEST"):
                continue
            content = path.read_bytes()
            digest = path.name.partition("--")[2].removesuffix(".bin")[-64:]
            if hashlib.sha256(content).hexdigest() != digest:
                found.append(path)
        for path in (self.clone / ".git/annex/tmp").glob("SHA256E*"):
            # A damaged line may name another file, and rightly that one is written.
            if not any((key.startswith(path.name) or path.name.startswith(key))
                       and content.startswith(path.read_bytes()) for key, content in good.items()):
                found.append(path)
        texts = [path.read_bytes() for path in self.clone.glob("*") if path.is_file()]
        for path in self.files_of_tree():
            if (self.tree / path).read_bytes() not in [*good.values(), *texts]:
                found.append(path)
        return found

    def files_of_tree(self):
        return {str(path.relative_to(self.tree)) for path in self.tree.rglob("*") if not path.is_dir()}

    def tree_is(self, wanted):
        """Each of the files, whole, and not a directory more."""
        return (self.files_of_tree() == {path for _, path in wanted}
                and all((self.tree / path).read_bytes() == content_of(name) for name, path in wanted)
                and all(any(path.iterdir()) for path in self.tree.rglob("*") if path.is_dir()))


class Player:
    """The remote in a process of its own, and what was said."""

    def __init__(self, stage, transcript, number):
        self.stage = stage
        env = stage.set(transcript, number)
        self.process = subprocess.Popen([str(BIN / "git-annex-remote-microstage")], cwd=stage.clone, env=env, bufsize=0,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.output = b""
        self.taken = 0
        self.heard = []  # lines not yet asked for

    def send(self, data):
        try:
            self.process.stdin.write(data)
        except BrokenPipeError:
            pass

    def encoded(self, text):
        text = text.replace("{STORE}", str(self.stage.store)).replace("{TREE}", str(self.stage.tree))
        return os.fsencode(text) + b"\n"

    def expect(self, text, seconds):
        """True when the line came; other lines stay for later, for jobs answer in any order."""
        wanted = self.encoded(text)[:-1]
        deadline = time.monotonic() + seconds
        while True:
            while (end := self.output.find(b"\n", self.taken)) >= 0:
                self.heard.append(self.output[self.taken:end])
                self.taken = end + 1
            if wanted in self.heard:
                self.heard.remove(wanted)
                return True
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return False
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                return False
            self.output += chunk

    def end(self):
        """Closes the input and collects the rest: exit status and standard error."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        deadline = time.monotonic() + WATCHDOG
        while select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                break
            self.output += chunk
        try:
            status = self.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        errors = self.process.stderr.read()
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        return status, errors

    def unknown_lines(self):
        """What it said that is no message of the protocol."""
        found = []
        lines = self.output.split(b"\n")
        for line in lines[:-1]:
            words = line.split(b" ")
            if words[0] == b"J" and len(words) > 2:
                words = words[2:]
            if words[0].decode(errors="replace") not in REPLIES:
                found.append(line)
        return found + ([lines[-1]] if lines[-1] else [])
