"""For tests of exporting: a clone with a remote that keeps a plain tree, commits, and what git archive says of them."""

import io
import os
import shutil
import subprocess
import tarfile

from annex_bench import AnnexTest, wait_until


class ExportTest(AnnexTest):
    def setUp(self):
        super().setUp()
        self.tree = self.root / "tree"
        self.tree.mkdir()
        self.contents = {}  # of annexed files, by key

    def make_export_clone(self, files=None):
        """Files with "plain" in their names go into git, others are annexed."""
        clone = self.root / "clone"
        self.run_ok("git", "init", "--quiet", clone)
        self.annex(clone, "init", "--quiet", "clone")
        self.git(clone, "config", "annex.largefiles", "exclude=*plain*")
        self.annex(clone, "initremote", "cap", "type=external", "externaltype=microstage", "encryption=none",
                   "exporttree=yes", f"url=file://{self.tree}")
        if files:
            self.change(clone, files)
        return clone

    def change(self, clone, story, moves=()):
        """A commit: names with new contents, or None for what goes; files that move, here or not."""
        for name in story:
            path = clone / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.is_symlink() or path.exists():
                path.unlink()
        for name, content in story.items():
            if content is not None:
                (clone / name).parent.mkdir(parents=True, exist_ok=True)
                (clone / name).write_bytes(content)
        for old, new in moves:
            (clone / new).parent.mkdir(parents=True, exist_ok=True)
            self.git(clone, "mv", old, new)
        self.annex(clone, "add", "--quiet", ".")
        self.git(clone, "add", "--all", ".")
        self.git(clone, "commit", "--quiet", "-m", "a change")
        for path in clone.rglob("*"):
            if ".git" not in path.parts and path.is_symlink() and path.exists():
                self.contents[os.path.basename(os.readlink(path))] = path.read_bytes()

    def archived(self, clone, commit="main"):
        """What git archive gives for the commit, with the contents of annexed files in place of their links."""
        data = subprocess.run(["git", "-C", clone, "archive", commit], env=self.env, check=True, capture_output=True).stdout
        found = {}
        with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as archive:
            for member in archive:
                if member.issym():
                    found[member.name] = self.contents[os.path.basename(member.linkname)]
                elif member.isfile():
                    found[member.name] = archive.extractfile(member).read()
        return found

    def tree_files(self):
        return {str(path.relative_to(self.tree)): path.read_bytes()
                for path in self.tree.rglob("*") if not path.is_dir()}

    def check_tree(self, clone):
        """The commit, byte for byte, and neither litter nor an empty directory."""
        wait_until(lambda: not (self.tree / ".microstage").exists(), 5)  # a remote may still be ending
        there, wanted = self.tree_files(), self.archived(clone)
        self.assertEqual(sorted(there), sorted(wanted))
        self.assertEqual([name for name in wanted if there[name] != wanted[name]], [])
        self.assertEqual([path for path, directories, files in os.walk(self.tree)
                          if not directories and not files and path != str(self.tree)], [])

    def export(self, clone):
        self.annex(clone, "export", "main", "--to", "cap")
        self.check_tree(clone)
