"""What the end-to-end tests share: a scratch directory with a HOME of its own, the programs of this build first in PATH,
planes to move, and commands that fail with everything they said."""

import atexit
import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest
import uuid

BIN = pathlib.Path(os.environ["MICROSTAGE_BIN"])
SOURCE = pathlib.Path(os.environ["MICROSTAGE_SOURCE"])
REAL_PLANES = SOURCE.parent / "shared/testdata/inm1-zstack"


def is_sanitized():
    """Whether the programs were built with a sanitizer, and are slow."""
    cache = (pathlib.Path(os.environ["MICROSTAGE_BUILD"]) / "CMakeCache.txt").read_text(encoding="utf-8")
    return "MICROSTAGE_SANITIZE:STRING=\n" not in cache


def remove_tree(path):
    """git-annex takes the write bits of directories away."""
    for directory, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(directory, 0o700)
    shutil.rmtree(path, ignore_errors=True)


def digests(directory):
    """Of all planes below, whether they are files or annexed links with content."""
    found = {}
    for place, directories, files in os.walk(directory):
        if ".git" in directories:  # where a remote may still be tidying up
            directories.remove(".git")
        for path in (pathlib.Path(place) / name for name in files if ".tif" in name):
            found[str(path.relative_to(directory))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def main(needs=("git", "git-annex", "datalad")):
    """unittest.main, or status 77 (skipped) where a program is missing."""
    for program in needs:
        if not shutil.which(program):
            print("SKIP:", program, "is not installed")
            sys.exit(77)
    unittest.main(verbosity=2)


class MicrostageTest(unittest.TestCase):
    maxDiff = None
    templates = None  # of this process: datasets to copy

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="microstage-test-"))
        self.addCleanup(remove_tree, self.root)
        self.root.chmod(0o755)  # other users of some tests pass through
        self.store = self.root / "store"
        self.env = self.environment(self.root / "home")

    def environment(self, home, **more):
        """Nothing of the caller's configuration, and an identity by a private HOME. DataLad has git-annex try thrice what
        failed, but here nobody waits between the attempts."""
        home.mkdir(exist_ok=True)
        (home / ".gitconfig").write_text("[user]\n\tname = A Tester\n\temail = tester@example.org\n"
                                         "[init]\n\tdefaultBranch = main\n[annex]\n\tretry-delay = 0\n")
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TERM", "ASAN_OPTIONS") if name in os.environ}
        tools = os.environ["PATH"]
        return {**kept, "HOME": str(home), "PATH": f"{BIN}:{tools}", "TMPDIR": str(self.root),
                "GIT_CONFIG_NOSYSTEM": "1", "DATALAD_LOG_LEVEL": "warning", "DATALAD_UI_PROGRESSBAR": "none", **more}

    def run_raw(self, *command, cwd=None, env=None, **kwargs):
        """Any exit status; text that need not be UTF-8."""
        return subprocess.run([str(word) for word in command], cwd=cwd or self.root, env=env or self.env,
                              capture_output=True, text=True, errors="surrogateescape", **kwargs)

    def run_ok(self, *command, status=0, **kwargs):
        """The command's standard output; the test fails with all it said when the status is another."""
        result = self.run_raw(*command, **kwargs)
        if result.returncode != status:
            words = " ".join(map(str, command))
            self.fail(f"{words}\nended with status {result.returncode}, not {status}\n"
                      f"--- stdout\n{result.stdout}\n--- stderr\n{result.stderr}")
        return result.stdout

    def git(self, repository, *words, **kwargs):
        return self.run_ok("git", "-C", repository, *words, **kwargs).rstrip("\n")

    def refused(self, *command, status=1, **kwargs):
        """The one line on standard error."""
        result = self.run_raw(*command, **kwargs)
        self.assertEqual(result.returncode, status, (command, result))
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("microstage: "), result.stderr)
        return result.stderr

    def make_planes(self, directory, count=3):
        """Real planes where they are, planes of make-section, or random bytes."""
        directory.mkdir(parents=True, exist_ok=True)
        real = sorted(REAL_PLANES.glob("*.tif*"))[:count] if REAL_PLANES.is_dir() else []
        for plane in real:
            shutil.copy(plane, directory)
        if not real and (BIN / "make-section").exists():
            self.run_ok(BIN / "make-section", directory, "--planes", count, "--size", "256KiB")
        elif not real:
            for i in range(count):
                (directory / f"plane_{i:02}.tif").write_bytes(os.urandom(200_000))

    @staticmethod
    def template(name):
        """A path below a directory that lasts as long as this process; something may have been put there before."""
        if not MicrostageTest.templates:
            MicrostageTest.templates = pathlib.Path(tempfile.mkdtemp(prefix="microstage-template-"))
            atexit.register(remove_tree, MicrostageTest.templates)
            MicrostageTest.templates.chmod(0o755)
        return MicrostageTest.templates / name

    # What DataLad's commands do, in a fraction of their time: for what comes before the matter of a test. datalad_test
    # compares create_dataset, add_subdataset and save with DataLad's own.

    def create_dataset(self, path):
        self.run_ok("git", "init", "--quiet", path)
        self.git(path, "annex", "init", "--quiet")
        (path / ".datalad").mkdir()
        for name, text in {".gitattributes": "* annex.backend=MD5E\n**/.git* annex.largefiles=nothing\n",
                           ".datalad/.gitattributes": "config annex.largefiles=nothing\n",
                           ".datalad/config": f'[datalad "dataset"]\n\tid = {uuid.uuid4()}\n'}.items():
            (path / name).write_text(text)
        self.git(path, "add", ".gitattributes", ".datalad")
        self.git(path, "commit", "--quiet", "--message", "[DATALAD] new dataset")

    def add_subdataset(self, parent, path):
        """Makes a dataset there, and registers it as create -d does."""
        self.create_dataset(path)
        name = str(path.relative_to(parent))
        self.git(parent, "submodule", "--quiet", "add", f"./{name}", name)
        self.git(parent, "config", "--file", ".gitmodules", f"submodule.{name}.datalad-id", self.dataset_id(path))
        self.git(parent, "commit", "--quiet", "--message", "[DATALAD] Recorded changes", name, ".gitmodules")

    def save(self, dataset, message="new files"):
        """New files, and new states of subdatasets."""
        self.git(dataset, "annex", "add", "--quiet", ".")
        self.git(dataset, "commit", "--quiet", "--all", "--message", message)

    def push(self, dataset, sibling="capacity", branch="main"):
        """To a sibling of connect's."""
        self.git(dataset, "annex", "copy", "--quiet", "--to", f"{sibling}-storage", ".")
        self.git(dataset, "push", "--quiet", sibling, branch, "git-annex")

    def clone_dataset(self, origin, path):
        self.run_ok("git", "clone", "--quiet", origin, path)
        self.git(path, "annex", "init", "--quiet")
        return path

    def make_dataset(self, name="section", planes=0):
        """A dataset with an id of its own. Later ones are copies of the first."""
        template = self.template(f"dataset-{planes}")
        path = self.root / name
        if not template.exists():
            self.create_dataset(template)
            if planes:
                self.make_planes(template / "planes", planes)
                self.save(template, "planes")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.run_ok("cp", "-aT", template, path)
        self.run_ok("git", "config", "--file", path / ".datalad/config", "datalad.dataset.id", uuid.uuid4())
        # As git is, without git-annex looking on.
        self.git(path, "-c", "filter.annex.process=", "-c", "filter.annex.clean=cat", "-c", "core.hooksPath=/dev/null",
                 "commit", "--quiet", "--message", "an id of its own", ".datalad/config")
        return path

    def dataset_id(self, dataset):
        return self.run_ok("git", "config", "--file", dataset / ".datalad/config", "datalad.dataset.id").strip()

    def place(self, dataset, store=None):
        identity = self.dataset_id(dataset)
        return (store or self.store) / identity[:3] / identity[3:]

    def init(self, *options, store=None):
        return self.run_ok("microstage", "init", store or self.store, *options)

    def connect(self, dataset, *options, store=None, **kwargs):
        """The JSON objects that connect printed."""
        text = self.run_ok("microstage", "connect", dataset, "--store", store or self.store, "--json", *options, **kwargs)
        return [json.loads(line) for line in text.splitlines()]

    def remote_log(self, dataset):
        return sorted(self.git(dataset, "cat-file", "-p", "git-annex:remote.log").splitlines())

    def snapshot(self, directory):
        """Every path below with what can be seen to change: kind, mode, size, content."""
        seen = {}
        for path in sorted(pathlib.Path(directory).rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
            seen[str(path.relative_to(directory))] = (status.st_mode, hashlib.sha256(content).hexdigest())
        return seen
