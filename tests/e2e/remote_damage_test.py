#!/usr/bin/env python3
"""A damaged object is never delivered as good, whatever git-annex was told about verification and however it was told; it
is moved aside, and a good copy can take its place."""

import itertools
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK, VERIFY_ONCE, AnnexTest, random_bytes
from microstage_testing import main

ALLOW = "security-allow-unverified-downloads"
DAMAGES = ("flip", "truncate", "extend", "empty")
FILES = {"large": random_bytes(2_500_000, 1), "small": random_bytes(5_000, 2)}


def combinations():
    """All settings of the four keys that bear on verification."""
    for values in itertools.product((None, "ACKTHPPT"), (None, "ACKTHPPT"), (None, "true", "false"),
                                    (None, "true", "false")):
        names = (f"remote.cap.annex-{ALLOW}", f"annex.{ALLOW}", "remote.cap.annex-verify", "annex.verify")
        yield {name: value for name, value in zip(names, values) if value}


def in_environment(settings):
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for i, (name, value) in enumerate(settings.items()):
        env |= {f"GIT_CONFIG_KEY_{i}": name, f"GIT_CONFIG_VALUE_{i}": value}
    return env


class Damage(AnnexTest):
    def setUp(self):
        super().setUp()
        self.dataset = self.make_store()
        self.clone = self.make_clone(files=FILES)
        self.annex(self.clone, "copy", "--quiet", "--to", "cap")
        self.keys = {name: self.key(self.clone, name) for name in FILES}
        self.paths = self.objects(self.dataset)

    def drop(self):
        self.annex(self.clone, "drop", "--quiet", "--force")

    def put_damaged(self, how):
        for name, key in self.keys.items():
            path = self.paths[key]
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.exists():
                path.chmod(0o644)
            path.write_bytes(FILES[name])
            self.damage(path, how)

    def get(self, settings, way):
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        git = ["git", "-C", self.clone]
        if way == "git -c":
            return self.run_raw(*git, *options, "annex", "get", ".")
        if way == "annex -c":
            return self.run_raw(*git, "annex", "get", *options, ".")
        if way == "environment":
            return self.run_raw(*git, "annex", "get", ".", env={**self.env, **in_environment(settings)})
        self.configure(self.clone, settings)
        result = self.run_raw(*git, "annex", "get", ".")
        for name in settings:
            self.git(self.clone, "config", "--unset-all", name)
        return result

    def check_not_delivered(self, settings, way, how):
        with self.subTest(settings=settings, way=way, how=how):
            self.put_damaged(how)
            result = self.get(settings, way)
            self.assertNotEqual(result.returncode, 0)
            for name in FILES:
                self.assertFalse((self.clone / name).exists(), f"{name} was delivered")
            self.assertIn("damaged", result.stdout + result.stderr)
            # Nothing of it may be resumed from, or wait under the annex's own name for the object.
            left = [p for p in (self.clone / ".git/annex/tmp").glob("*") if p.stat().st_size]
            self.assertEqual(left, [])

    def test_never_delivered(self):
        self.drop()
        damages = itertools.cycle(DAMAGES)
        ways = ("files", "git -c", "environment", "annex -c")
        for settings, way in itertools.product(combinations(), ways):
            for how in DAMAGES if SOAK else (next(damages),):
                self.check_not_delivered(settings, way, how)
            if not SOAK and way == ways[-1]:
                next(damages)  # so that each way meets each damage
        # The same commands bring the good ones.
        for name, key in self.keys.items():
            self.paths[key].parent.mkdir(parents=True, exist_ok=True)
            self.paths[key].unlink(missing_ok=True)
            self.paths[key].write_bytes(FILES[name])
        for way in ways:
            self.drop()
            result = self.get(VERIFY_ONCE, way)
            self.assertEqual(result.returncode, 0, result.stderr)
            for name, content in FILES.items():
                self.assertEqual((self.clone / name).read_bytes(), content)

    def test_fsck_moves_it_aside_and_a_good_copy_takes_its_place(self):
        for settings in ({}, VERIFY_ONCE):
            self.configure(self.clone, settings)
            for how in DAMAGES:
                with self.subTest(settings=settings, how=how):
                    self.repair(how)

    def repair(self, how):
        self.put_damaged(how)
        before = len(list((self.dataset / ".microstage").rglob("SHA256E*")))
        self.assertNotEqual(self.try_annex(self.clone, "fsck", "--from", "cap").returncode, 0)
        # What was found damaged no longer counts as a copy: the local file cannot be dropped.
        self.assertNotEqual(self.try_annex(self.clone, "drop", ".").returncode, 0)
        self.try_annex(self.clone, "fsck", "--from", "cap")
        self.assertNotIn("[cap]", self.annex(self.clone, "whereis"))
        self.annex(self.clone, "copy", "--to", "cap")
        self.assertIn("ok", self.annex(self.clone, "fsck", "--from", "cap"))
        kept = list((self.dataset / ".microstage").rglob("SHA256E*"))
        if how == "flip":  # of the right size: somebody may want to look at it
            self.assertEqual(len(kept), before + len(FILES))
        self.annex(self.clone, "drop", ".")
        self.annex(self.clone, "get", ".")
        for name, content in FILES.items():
            self.assertEqual((self.clone / name).read_bytes(), content)

    def test_a_damaged_local_file_does_not_reach_the_store(self):
        path = (self.clone / "large").resolve()
        for object_path in self.paths.values():
            object_path.chmod(0o644)
            object_path.unlink()
        path.parent.chmod(0o755)
        self.damage(path, "flip")
        result = self.try_annex(self.clone, "copy", "--to", "cap", "large")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("git annex fsck", result.stdout + result.stderr)
        self.assertEqual(self.objects(self.dataset), {})
        self.assertEqual(self.litter(self.dataset, self.clone), [])


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
