"""What the tests of our remote in ORA's place and beside ORA share: three machines to be on. One has only our program,
under ORA's name; one has only DataLad's own; one has both remotes, each under its own name."""

import json
import os
import pathlib
import tempfile
import unittest

from microstage_testing import BIN, MicrostageTest, digests, remove_tree

ORA_COMPAT = BIN.parent / "libexec/microstage/ora-compat"
ORA = "git-annex-remote-ora"


def link(directory, *programs):
    """A directory for PATH."""
    directory.mkdir()
    for program in programs:
        (directory / program.name).symlink_to(program)
    return directory


def is_remote(program):
    return program.name.startswith(("microstage", "git-annex-remote-microstage", ORA))


class OraTest(MicrostageTest):
    @classmethod
    def setUpClass(cls):
        own = pathlib.Path("/usr/bin", ORA)
        if not own.exists():
            raise unittest.SkipTest(f"DataLad's own {ORA} is not where Debian puts it")
        places = pathlib.Path(tempfile.mkdtemp(prefix="microstage-path-"))
        cls.addClassCleanup(remove_tree, places)
        places.chmod(0o755)
        cls.places = places
        cls.tools = link(places / "tools", *(path for path in own.parent.iterdir() if not is_remote(path)))
        cls.own_ora = link(places / "own", own)
        cls.our_ora = link(places / "ours", ORA_COMPAT / ORA)

    def setUp(self):
        super().setUp()
        self.ours = {**self.env, "PATH": f"{self.our_ora}:{self.tools}"}
        self.stock = {**self.env, "PATH": f"{self.own_ora}:{self.tools}"}
        self.both = {**self.env, "PATH": f"{BIN}:{self.own_ora}:{self.tools}"}
        self.url = f"ria+file://{self.store}"

    def make_stored_section(self, planes):
        """A section that our program stored with stock DataLad, and the store: copies of the first ones, moved here. Where
        they were made nothing is left, so that nobody reads from there."""
        template = self.template(f"stored-{planes}")
        if not template.exists():
            section = self.make_dataset("template", planes)
            self.create(self.ours, section)
            self.datalad_push(self.ours, section)
            template.mkdir()
            section.rename(template / "section")
            self.store.rename(template / "store")
        for name in ("section", "store"):
            self.run_ok("cp", "-aT", template / name, self.root / name)
        section = self.root / "section"
        self.git(section, "config", "remote.capacity.url", self.place(section))
        self.git(section, "config", "remote.capacity-storage.ora-url", self.url)
        return section

    def datalad(self, env, *words, cwd=None, status=0):
        """The result records."""
        result = self.run_raw("datalad", "-f", "json", *words, cwd=cwd, env=env)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]

    def said(self, env, *words, cwd=None, status=0):
        """All that DataLad prints for a person."""
        result = self.run_raw("datalad", *words, cwd=cwd, env=env)
        self.assertEqual(result.returncode, status, (words, result.stdout, result.stderr))
        return result.stdout + result.stderr

    def annex(self, env, repository, *words, **kwargs):
        return self.git(repository, "annex", *words, env=env, **kwargs)

    def create(self, env, dataset, *options):
        self.datalad(env, "create-sibling-ria", "-d", dataset, "-s", "capacity", "--new-store-ok", *options, self.url)

    def datalad_push(self, env, dataset, to="capacity"):
        self.datalad(env, "push", "-d", dataset, "--to", to)

    def clone(self, env, dataset, name, url=None):
        path = self.root / name
        self.datalad(env, "clone", f"{url or self.url}#{self.dataset_id(dataset)}", path)
        return path

    def add(self, dataset, name, size=30_000):
        (dataset / name).write_bytes(os.urandom(size))
        self.save(dataset, name)
        return self.git(dataset, "annex", "lookupkey", name)

    def get(self, env, dataset, wanted, *options):
        """Gets everything; all planes must be `wanted`. Which remote each file came from."""
        records = self.datalad(env, "get", *options, ".", cwd=dataset)
        self.assertEqual(digests(dataset), wanted)
        return {record["message"] for record in records if record["type"] == "file"}

    def annex_get(self, env, dataset, wanted, *options):
        """The same by the git-annex that DataLad calls, which is much quicker: once DataLad's own way was looked at."""
        records = [json.loads(line) for line in self.annex(env, dataset, "get", "--json", *options, ".").splitlines()]
        self.assertEqual(digests(dataset), wanted)
        return {record["note"].splitlines()[0] for record in records}

    def drop(self, env, dataset):
        self.datalad(env, "drop", ".", cwd=dataset)
        self.check_dropped(env, dataset)

    def annex_drop(self, env, dataset):
        self.annex(env, dataset, "drop", "--quiet", ".")
        self.check_dropped(env, dataset)

    def check_dropped(self, env, dataset):
        present = self.annex(env, dataset, "find", "--in=here")
        self.assertEqual(present, "", "not all was dropped")

    def object(self, dataset, key):
        """The loose object of the key in the store; nothing when there is none."""
        found = [path for path in (self.place(dataset) / "annex/objects").rglob(key) if path.is_file()]
        return found[0] if found else None
