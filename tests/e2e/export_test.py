#!/usr/bin/env python3
"""git annex export to a plain tree: what is there afterwards is what git archive gives for the commit, byte for byte and
without litter, whatever was renamed, removed, swapped, oddly named, absent here, or in the way."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK, VERIFY_ONCE, random_bytes, wait_until
from export_bench import ExportTest
from microstage_testing import main

# In full it is thousands of small chunks, each fsynced.
FAST = () if SOAK else ("--fast",)


class Export(ExportTest):
    def check_empty(self):
        """git-annex does not wait for every process it started, so this does."""
        wait_until(lambda: not os.listdir(self.tree), 5)
        self.assertEqual(os.listdir(self.tree), [])

    def test_testremote(self):
        clone = self.make_export_clone()
        for env in (None, self.plain_env()):
            output = self.annex(clone, "testremote", "cap", *FAST, env=env)
            self.assertIn("store new content to export", output)
            self.assertNotIn("FAIL", output)
            self.check_empty()
        self.configure(clone, VERIFY_ONCE)  # refuses the chunks that the whole test makes
        self.assertNotIn("FAIL", self.annex(clone, "testremote", "cap", "--fast"))
        self.check_empty()

    def test_version_1_of_the_protocol_exports_nothing(self):
        clone = self.make_export_clone(files={"a": b"a"})
        env = self.env_with(MICROSTAGE_PROTOCOL="1")
        self.assertNotEqual(self.try_annex(clone, "export", "main", "--to", "cap", env=env).returncode, 0)
        self.assertEqual(os.listdir(self.tree), [])
        result = self.try_annex(clone, "initremote", "two", "type=external", "externaltype=microstage", "encryption=none",
                                "exporttree=yes", f"url=file://{self.tree}", env=env)
        self.assertNotEqual(result.returncode, 0)

    def test_initremote_refuses_mixtures_in_a_line(self):
        clone = self.make_export_clone()
        for words, complaint in (
                (("exporttree=yes", f"url=ria+file://{self.root}/store"), "needs its directory"),
                ((f"url=file://{self.tree}",), "needs exporttree=yes"),
                (("exporttree=yes", f"url=file://{self.tree}", "archive-id=x"), "archive-id="),
                (("exporttree=yes", f"url=file://{self.tree}", f"push-url=file://{self.tree}"), "push-url="),
                (("exporttree=yes", "url=file://tree"), "names no directory")):
            result = self.try_annex(clone, "initremote", "other", "type=external", "externaltype=microstage",
                                    "encryption=none", *words)
            self.assertNotEqual(result.returncode, 0, words)
            self.assertIn(complaint, result.stderr + result.stdout)

    def test_commits_one_after_another(self):
        """Renames, swaps, deletions, directories that become files and files that become directories."""
        clone = self.make_export_clone(files={
            "a": b"first", "b": b"other", "d/e/f/deep": random_bytes(2_000_000, 1), "d/e/g": b"g", "plain.txt": b"in git\n",
            "same/one": b"twice", "same/two": b"twice", "empty": b""})
        self.export(clone)
        for story in (
                {"a": b"other", "b": b"first"},  # swapped, and of one size
                {"d/e/f": b"a file now", "d/e/f/deep": None, "d/e/moved": random_bytes(2_000_000, 1)},
                {"d/e/f": None, "d/e/f/again/deeper": b"a directory again", "d/e/g": None, "d/e/g/h": b"g"},
                {"a": None, "a/a/a": b"other", "b": None, "same/one": None, "plain.txt": b"changed\n"},
                {"plain.txt": None, "d/plain": b"changed\n", "same/two": b"once", "same/three": b"twice"},
                {"a/a/a": None, "a": b"other"},
                {"d": None, "same": None, "d.": b"x"}):
            with self.subTest(story=list(story)):
                self.change(clone, story)
                self.export(clone)
        self.annex(clone, "fsck", "--from", "cap")

    def test_odd_names(self):
        names = ["a b", " lead", "trail ", "-rf", "*?[x]", "back\\slash", "quo\"te'", "tab\there", "\x01ctl", "ümlaut",
                 os.fsdecode(b"\xff\xfe"), os.fsdecode(b"d\x80/\xc3("), "...", "~", "$(x)", "a  b/c  d", "x" * 200,
                 "J 1 EXPORT", "d/.microstage", ".hidden/.x", "VALUE "]
        clone = self.make_export_clone(files={name: name.encode(errors="surrogateescape") * 3 for name in names})
        self.export(clone)
        self.change(clone, {name: None for name in names[::2]} | {
            f"moved/{name}": name.encode(errors="surrogateescape") * 3 for name in names[::2]})
        self.export(clone)
        self.annex(clone, "drop", "--quiet", "--force")
        self.annex(clone, "get", "--quiet")
        for name in names[1::2]:
            self.assertEqual((clone / name).read_bytes(), name.encode(errors="surrogateescape") * 3)

    def test_names_that_cannot_be_exported_fail_alone(self):
        """A line end in a name, and our own directory. The others are exported, and once they are gone all is well."""
        bad = ["line\nend", "line\nREMOVEEXPORT K", "x\nEXPORT good", ".microstage/mine"]
        clone = self.make_export_clone(files={name: b"bad " + name.encode() for name in bad} | {"good": b"good", "z": b"z"})
        result = self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("rename it in the dataset", result.stdout + result.stderr)
        self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertEqual(self.tree_files(), {"good": b"good", "z": b"z"})
        self.change(clone, {".microstage/mine": None})
        self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertEqual(self.tree_files(), {"good": b"good", "z": b"z"})

    def test_what_is_not_here_is_exported_later(self):
        files = {f"f{i}": random_bytes(1000 + i, i) for i in range(6)}
        clone = self.make_export_clone(files=files)
        self.make_store()
        self.annex(clone, "initremote", "ria", "type=external", "externaltype=microstage", "encryption=none",
                   f"url=ria+file://{self.root}/store", "archive-id=b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01")
        self.annex(clone, "copy", "--quiet", "--to", "ria")
        self.annex(clone, "drop", "--quiet", "f1", "f3")
        self.assertNotEqual(self.try_annex(clone, "export", "main", "--to", "cap").returncode, 0)
        self.assertEqual(set(self.tree_files()), {"f0", "f2", "f4", "f5"})
        # Renamed without its content being here: only the tree has to have it.
        self.annex(clone, "drop", "--quiet", "f2")
        self.change(clone, {}, moves=[("f2", "d/moved")])
        self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertEqual(self.tree_files()["d/moved"], files["f2"])
        self.annex(clone, "get", "--quiet", ".")
        self.export(clone)

    def test_files_of_others_stay_and_block_nothing(self):
        clone = self.make_export_clone(files={"d/e/x": b"x", "y": b"yy", "s": b"s"})
        self.export(clone)
        (self.tree / "d/e/theirs").write_bytes(b"precious")
        outside = self.root / "outside"
        outside.mkdir()
        (outside / "s").write_bytes(b"precious")
        (self.tree / "s").unlink()
        (self.tree / "s").symlink_to(outside / "s")
        self.change(clone, {"d/e/x": None, "s": b"changed"})
        self.annex(clone, "export", "main", "--to", "cap")
        self.assertEqual(self.tree_files(), {"d/e/theirs": b"precious", "y": b"yy", "s": b"changed"})
        self.assertEqual((outside / "s").read_bytes(), b"precious")
        # A link in place of a directory leads nowhere.
        (self.tree / "z").symlink_to(outside)
        self.change(clone, {"z/new": b"new"})
        self.assertNotEqual(self.try_annex(clone, "export", "main", "--to", "cap").returncode, 0)
        self.assertEqual(os.listdir(outside), ["s"])

    def test_edited_in_the_tree(self):
        content = random_bytes(2_000_000, 3)
        clone = self.make_export_clone(files={"x": content, "y": b"y"})
        self.export(clone)
        edited = b"!" + content[1:]
        (self.tree / "x").write_bytes(edited)
        self.annex(clone, "drop", "--quiet", "--force", "x")
        result = self.try_annex(clone, "get", "x")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("is not the file that was exported", result.stdout + result.stderr)
        # Nor is it renamed as if it were the old content.
        self.change(clone, {}, moves=[("x", "z")])
        self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertNotIn("z", self.tree_files())

    def test_what_was_edited_comes_back_as_the_message_says(self):
        clone = self.make_export_clone(files={"x": random_bytes(2_000_000, 3)})
        self.export(clone)
        (self.tree / "x").unlink()
        self.try_annex(clone, "fsck", "--fast", "--from", "cap")
        self.export(clone)

    def test_a_local_copy_that_is_damaged_is_not_exported(self):
        clone = self.make_export_clone(files={"x": random_bytes(10_000, 1), "y": b"y"})
        self.damage((clone / "x").resolve(), "flip")
        result = self.try_annex(clone, "export", "main", "--to", "cap")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("does not match its key", result.stdout + result.stderr)
        self.assertEqual(self.tree_files(), {"y": b"y"})

    def test_a_tree_that_is_not_mounted(self):
        clone = self.make_export_clone(files={"x": b"x"})
        self.export(clone)
        self.tree.rename(self.root / "elsewhere")
        result = self.try_annex(clone, "fsck", "--fast", "--from", "cap")
        self.assertNotEqual(result.returncode, 0)
        self.assertFalse(self.tree.exists())
        self.git(clone, "config", "remote.cap.ora-url", f"file://{self.root}/elsewhere")
        self.annex(clone, "fsck", "--fast", "--from", "cap")

    def test_a_tree_never_counts_as_a_copy(self):
        clone = self.make_export_clone(files={"x": b"x"})
        self.export(clone)
        self.assertNotEqual(self.try_annex(clone, "drop", "x").returncode, 0)


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
