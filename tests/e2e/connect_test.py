#!/usr/bin/env python3
"""microstage init and connect: what they make, how little of it, that a second run changes nothing, and what they
refuse before they change anything."""

import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import MicrostageTest, digests, main, remove_tree


class Init(MicrostageTest):
    def test_makes_a_store_once(self):
        self.assertIn("safe.directory '*'", self.init())
        self.assertEqual((self.store / "ria-layout-version").read_text(), "1\n")
        self.assertEqual(sorted(p.name for p in self.store.iterdir()), ["error_logs", "ria-layout-version"])
        before = self.snapshot(self.root / "store")
        self.assertEqual(json.loads(self.init("--json"))["result"], "unchanged")
        self.assertEqual(self.snapshot(self.store), before)

    def test_finishes_a_store_and_makes_parents(self):
        deep = self.root / "a/b/c d"
        result = json.loads(self.init("--json", store=f"ria+file://{deep}"))
        self.assertEqual((result["result"], result["path"]), ("made", str(deep)))
        (deep / "error_logs").rmdir()
        self.assertEqual(json.loads(self.init("--json", store=deep))["result"], "made")
        self.assertTrue((deep / "error_logs").is_dir())

    def test_refuses_what_is_no_store(self):
        self.store.mkdir()
        (self.store / "thesis.tex").write_text("mine")
        self.assertIn("not empty", self.refused("microstage", "init", self.store))
        self.assertEqual(os.listdir(self.store), ["thesis.tex"])
        (self.store / "ria-layout-version").write_text("2\n")
        self.assertIn("layout version '2'", self.refused("microstage", "init", self.store))
        self.assertIn("on another host", self.refused("microstage", "init", "ria+ssh://host/store"))
        self.refused("microstage", "init", self.root / "new", "--shared", "everyone", status=2)
        self.assertFalse((self.root / "new").exists())

    def test_sweeps_its_own_litter_and_nothing_else(self):
        litter = "0123456789abcdef.part"
        names = ["B20_0197.tif.part", "0123456789ABCDEF.part", "0123456789abcdef0.part", ".part", "é123456789abcde.part"]
        for name in names:
            store = self.root / f"of-{name}"
            store.mkdir()
            (store / name).write_text("a download of mine")
            (store / litter).write_text("perhaps mine too")
            self.assertIn(name, self.refused("microstage", "init", store))
            self.assertEqual(sorted(os.listdir(store)), sorted([name, litter]))
        for _ in range(2):  # a killed first run; a second one beside a finished store
            self.store.mkdir(exist_ok=True)
            (self.store / litter).write_text("1")
            self.init()
            self.assertEqual(sorted(p.name for p in self.store.iterdir()), ["error_logs", "ria-layout-version"])
        (self.store / names[0]).write_text("a download of mine")
        self.init()
        self.assertTrue((self.store / names[0]).exists())

    def test_shared_store_shares_its_datasets(self):
        os.umask(0o077)
        self.addCleanup(os.umask, 0o022)
        for mode, root, file in (("group", 0o2770, "0660"), ("all", 0o2775, "0664"), ("0640", 0o2750, "0640")):
            store = self.root / f"store-{mode}"
            self.init("--shared", mode, store=store)
            self.assertEqual(store.stat().st_mode & 0o7777, root, mode)
            dataset = self.make_dataset(f"section-{mode}")
            self.connect(dataset, "--alias", "B1", store=store)
            place = self.place(dataset, store)
            self.assertEqual(self.git(place, "config", "core.sharedRepository"), file)
            self.git(dataset, "push", "-q", "capacity", "main")
            for path in store.rglob("*"):
                wanted = root if path.is_dir() else int(file, 8)
                if path.suffix in (".pack", ".idx"):
                    wanted &= ~0o222  # git's own way
                if not path.is_symlink():
                    self.assertEqual(path.stat().st_mode & 0o7777, wanted, path)


class Connect(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.dataset = self.make_dataset()

    def inodes(self):
        place = self.place(self.dataset)
        return 1 + len(list(place.rglob("*")))

    def test_makes_the_least_and_changes_nothing_again(self):
        first, = self.connect(self.dataset, "--alias", "B20_0197")
        self.assertEqual(first["result"], "connected")
        self.assertEqual(self.inodes(), 7)
        place = self.place(self.dataset)
        self.assertEqual(os.readlink(self.store / "alias/B20_0197"), f"../{place.parent.name}/{place.name}")
        self.assertEqual((place / "ria-layout-version").read_text(), "2\n")
        for name, value in {"datalad.ora-remote.uuid": first["uuid"], "receive.autogc": "false",
                            "receive.unpackLimit": "1", "core.bare": "true"}.items():
            self.assertEqual(self.git(place, "config", name), value)
        for name, value in {"url": str(place), "annex-ignore": "true", "datalad-publish-depends": "capacity-storage",
                            "fetch": "+refs/heads/*:refs/remotes/capacity/*"}.items():
            self.assertEqual(self.git(self.dataset, "config", "--get-all", f"remote.capacity.{name}"), value)
        before = self.snapshot(self.root)
        again, = self.connect(self.dataset, "--alias", "B20_0197")
        self.assertEqual((again["result"], again["uuid"], again["changes"]), ("unchanged", first["uuid"], []))
        self.assertEqual(self.snapshot(self.root), before)

    def test_one_uuid_two_ways_both_for_every_clone(self):
        first, = self.connect(self.dataset)
        log = self.remote_log(self.dataset)
        self.assertEqual(len(log), 2, log)
        ours, = [line for line in log if " externaltype=microstage " in line]
        ora, = [line for line in log if " externaltype=ora " in line]
        self.assertTrue(ours.startswith(first["uuid"]))
        self.assertIn(f" sameas-uuid={first['uuid']} ", ora)
        for line in log:
            for field in ("autoenable=true", f"url=ria+file://{self.store}", f"archive-id={self.dataset_id(self.dataset)}"):
                self.assertIn(f" {field} ", line)
        # Ours must be the cheaper way, and what we stand in for must not have taken our cost.
        self.assertEqual(self.git(self.dataset, "config", "--default", "none", "remote.capacity-ora.annex-cost"), "none")

    def test_only_microstage_says_what_is_lost(self):
        text = self.run_ok("microstage", "connect", self.dataset, "--store", self.store, "--only-microstage")
        self.assertIn("cannot get the content", text)
        self.assertIn("datalad push --to capacity", text)
        self.assertEqual(len(self.remote_log(self.dataset)), 1)
        self.connect(self.dataset)  # changed my mind
        self.assertEqual(len(self.remote_log(self.dataset)), 2)

    def test_push_drop_get(self):
        self.make_planes(self.dataset / "planes")
        self.run_ok("datalad", "save", "-d", self.dataset)
        planes = digests(self.dataset)
        self.connect(self.dataset, "--verify-once")
        self.run_ok("datalad", "push", "-d", self.dataset, "--to", "capacity")
        # Seven, objects/pack with one pack and its index, refs/heads with two branches, and four of each loose object
        # below annex/objects (hash directories may coincide).
        self.assertLessEqual(self.inodes(), 7 + 3 + 3 + 2 + 4 * len(planes))
        self.run_ok("datalad", "drop", "-d", self.dataset, self.dataset / "planes")
        self.run_ok("datalad", "get", "-d", self.dataset, self.dataset / "planes")
        self.assertEqual(digests(self.dataset), planes)

    def test_hooks_do_not_run_and_the_tree_stays(self):
        hooks = self.dataset / ".git/hooks"
        for name in ("reference-transaction", "post-index-change", "pre-commit", "post-commit"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {self.root}/ran-{name}\n")
            (hooks / name).chmod(0o755)
        (self.dataset / "draft").write_text("not saved")
        head = self.git(self.dataset, "rev-parse", "HEAD")
        self.connect(self.dataset)
        self.assertEqual(list(self.root.glob("ran-*")), [])
        self.assertEqual(self.git(self.dataset, "rev-parse", "HEAD"), head)
        self.assertEqual(self.git(self.dataset, "status", "--porcelain"), "?? draft")

    def test_called_from_a_hook_of_another_repository(self):
        other = self.make_dataset("other")
        self.connect(self.dataset, env={**self.env, "GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)})
        self.assertNotIn("capacity", self.git(other, "remote"))
        self.assertIn("capacity-storage", self.git(self.dataset, "remote"))

    def test_head_is_the_branch_that_an_adjusted_one_came_from(self):
        self.git(self.dataset, "checkout", "-q", "-b", "sections/left")
        self.git(self.dataset, "annex", "adjust", "--unlock")
        self.connect(self.dataset)
        self.assertEqual((self.place(self.dataset) / "HEAD").read_text(), "ref: refs/heads/sections/left\n")

    def test_names_that_are_not_text(self):
        odd = self.root / os.fsdecode(b"s\xff \"1\" %2;&")  # git-annex itself cannot have a newline there
        (self.root / "section").rename(odd)
        result, = self.connect(odd, "--alias", os.fsdecode(b"B\xfe 1"))
        self.assertEqual(os.fsencode(result["path"]), os.fsencode(odd))
        self.assertTrue((self.store / "alias" / os.fsdecode(b"B\xfe 1") / "HEAD").exists())

    def test_store_with_a_name_that_git_annex_escapes(self):
        store = self.root / "the store & more"
        self.init(store=store)
        self.connect(self.dataset, store=store)
        self.assertEqual(self.connect(self.dataset, store=store)[0]["result"], "unchanged")
        self.git(self.place(self.dataset, store), "config", "--unset", "datalad.ora-remote.uuid")  # by the URL alone
        self.connect(self.dataset, store=store)
        self.assertEqual(len(self.remote_log(self.dataset)), 2)

    def test_refuses_an_alias_of_another(self):
        self.connect(self.dataset, "--alias", "B1")
        other = self.make_dataset("other")
        before = self.snapshot(self.root)
        line = self.refused("microstage", "connect", other, "--store", self.store, "--alias", "B1")
        self.assertIn("names another dataset", line)
        (self.store / "alias/B2").symlink_to("../gone")
        self.assertIn("leads nowhere",
                      self.refused("microstage", "connect", other, "--store", self.store, "--alias", "B2"))
        (self.store / "alias/B2").unlink()
        self.assertEqual(self.snapshot(self.root), before)
        for bad in ("../x", ".x", "a/b"):
            self.refused("microstage", "connect", other, "--store", self.store, "--alias", bad, status=2)
        # The first one keeps its own, and may have a second.
        self.connect(self.dataset, "--alias", "B3")
        self.assertTrue((self.store / "alias/B1/HEAD").exists() and (self.store / "alias/B3/HEAD").exists())

    def test_refuses_a_name_that_is_taken(self):
        self.git(self.dataset, "remote", "add", "capacity", "https://example.org/x")
        line = self.refused("microstage", "connect", self.dataset, "--store", self.store)
        self.assertIn("already has a sibling capacity", line)
        self.assertFalse(self.place(self.dataset).exists())
        self.run_ok("git", "-C", self.dataset, "annex", "initremote", "tape-storage", "type=directory",
                    "encryption=none", f"directory={self.store}")
        line = self.refused("microstage", "connect", self.dataset, "--store", self.store, "--name", "tape")
        self.assertIn("tape-storage", line)
        self.connect(self.dataset, "--name", "archive")
        self.refused("microstage", "connect", self.dataset, "--store", self.store, "--name", "-x y", status=2)

    def test_refuses_what_is_no_dataset(self):
        plain = self.root / "plain"
        plain.mkdir()
        connect = ["microstage", "connect", "--store", self.store]
        self.assertIn("no git repository", self.refused(*connect, plain))
        self.git(plain, "init", "-q")
        self.assertIn("no DataLad dataset", self.refused(*connect, plain))
        (plain / ".datalad").mkdir()
        (plain / ".datalad/config").write_bytes((self.dataset / ".datalad/config").read_bytes())
        self.assertIn("git annex init", self.refused(*connect, plain))
        (plain / ".datalad/config").write_text('[datalad "dataset"]\n\tid = ../../etc\n')
        self.assertIn("is no dataset id", self.refused(*connect, plain))
        self.assertIn("inside a dataset", self.refused(*connect, self.dataset / ".datalad"))
        self.assertIn("there is no dataset", self.refused(*connect, self.root / "none", status=3))

    def test_refuses_what_is_no_store(self):
        connect = ["microstage", "connect", self.dataset, "--store"]
        self.refused(*connect, self.root / "none", status=3)
        self.assertIn("another host", self.refused(*connect, "ria+ssh://host/store", status=2))
        (self.store / "ria-layout-version").write_text("7\n")
        self.assertIn("layout version '7'", self.refused(*connect, self.store))
        self.assertEqual(self.git(self.dataset, "remote"), "")

    def test_never_follows_a_config_that_leads_elsewhere(self):
        mine = self.root / "mine"
        for options in ([], ["--http"]):
            self.connect(self.dataset, *options)
            config = self.place(self.dataset) / "config"
            text = config.read_text()
            for kind, complaint in (("link", "symbolic link"), ("fifo", "no regular file"), ("directory", "no regular")):
                config.unlink()
                mine.write_text("[user]\n\tname = Me\n")
                if kind == "link":
                    config.symlink_to(mine)
                elif kind == "fifo":
                    os.mkfifo(config)
                else:
                    config.mkdir()
                line = self.refused("microstage", "connect", self.dataset, "--store", self.store, *options)
                self.assertIn(f"{config}", line)
                self.assertIn(complaint, line)
                self.assertEqual(mine.read_text(), "[user]\n\tname = Me\n")
                config.rmdir() if kind == "directory" else config.unlink()
                config.write_text(text)
        elsewhere = self.root / "elsewhere"
        elsewhere.mkdir()
        for name in ("info", "objects/info"):
            remove_tree(self.place(self.dataset) / name)
            (self.place(self.dataset) / name).symlink_to(elsewhere)
            self.assertIn("symbolic link", self.refused("microstage", "connect", self.dataset, "--store", self.store, "--http"))
            self.assertEqual(os.listdir(elsewhere), [])
            (self.place(self.dataset) / name).unlink()
        self.connect(self.dataset, "--http")

    def test_a_link_planted_while_it_connects_is_not_written_through(self):
        self.connect(self.dataset)
        config = self.place(self.dataset) / "config"
        self.git(config.parent, "config", "receive.autogc", "true")  # so that there is something to write
        config.chmod(0o640)
        kept, mine = self.root / "kept", self.root / "mine"
        mine.write_text("")
        # Between two looks at the file and whatever git is then asked: the moment that a planter would choose.
        (self.root / "fake").mkdir()
        (self.root / "fake/git").write_text(
            f'#!/bin/sh\ncase "$*" in "config --file "*) [ -L {config} ] || {{ mv {config} {kept}; ln -s {mine} {config}; }}'
            f' ;; esac\nexec {shutil.which("git")} "$@"\n')
        (self.root / "fake/git").chmod(0o755)
        env = {**self.env, "PATH": f"{self.root}/fake:{self.env['PATH']}"}
        self.assertIn("symbolic link", self.refused("microstage", "connect", self.dataset, "--store", self.store, env=env))
        self.assertEqual(mine.read_text(), "")
        kept.rename(config)
        self.connect(self.dataset)
        self.assertEqual((self.git(config.parent, "config", "receive.autogc"), config.stat().st_mode & 0o777),
                         ("false", 0o640))

    def test_recorded_names_that_are_options_or_not_one_word(self):
        uuid = "11111111-2222-3333-4444-555555555555"
        common = f"type=external encryption=none autoenable=true url=ria+file://{self.store} archive-id={{}} timestamp=1s"
        ours, ora = "externaltype=microstage", f"externaltype=ora sameas-uuid={uuid}"
        for i, lines in enumerate([
                [f"{uuid} name=--debug {ours}"], [f"{uuid} name=-J9 {ours}"], [f"{uuid} name=a&32;b {ours}"],
                [f"{uuid} name=a&10;[core] {ours}"], [f"{uuid} {ours}"], [f"{uuid} name=a&127; {ours}"],
                [f"{uuid} name=a {ours}", f"22222222-2222-3333-4444-555555555555 sameas-name=--fast {ora}"],
                [f'1"#;[x name=a {ours}'], [f"--uuid name=a {ours}"]]):
            dataset = self.make_dataset(f"hostile-{i}")
            rest = common.format(self.dataset_id(dataset))
            journal = dataset / ".git/annex/journal/remote.log"
            journal.parent.mkdir(exist_ok=True)
            journal.write_text("".join(f"{line} {rest}\n" for line in lines))
            before = (dataset / ".git/config").read_text()
            line = self.refused("microstage", "connect", dataset, "--store", self.store)
            self.assertIn("the git-annex branch records", line, lines)
            self.assertEqual((dataset / ".git/config").read_text(), before)
            self.assertFalse(self.place(dataset).exists())

    def test_refuses_a_layout_of_the_dataset_that_it_does_not_know(self):
        self.connect(self.dataset)
        (self.place(self.dataset) / "ria-layout-version").write_text("9\n")
        self.assertIn("layout version '9'",
                      self.refused("microstage", "connect", self.dataset, "--store", self.store))

    def test_verify_once_needs_whole_plain_keys(self):
        for name, option in (("chunks", "chunk=1MiB"), ("secret", "encryption=shared")):
            dataset = self.make_dataset(name)
            parameters = [option] if option.startswith("encryption") else ["encryption=none", option]
            self.place(dataset).mkdir(parents=True)
            (self.place(dataset) / "ria-layout-version").write_text("2\n")
            self.git(dataset, "annex", "initremote", "capacity-storage", "type=external", "externaltype=microstage",
                     f"url=ria+file://{self.store}", f"archive-id={self.dataset_id(dataset)}", *parameters)
            line = self.refused("microstage", "connect", dataset, "--store", self.store, "--verify-once")
            self.assertIn("whole, plain keys", line)
            self.assertEqual(self.git(dataset, "remote"), "capacity-storage")
            self.connect(dataset)
        self.connect(self.dataset, "--verify-once")
        section = "remote.capacity-storage."
        self.assertEqual(self.git(self.dataset, "config", section + "annex-verify"), "false")
        self.assertEqual(self.git(self.dataset, "config", section + "annex-security-allow-unverified-downloads"), "ACKTHPPT")

    def test_joins_a_sibling_that_datalad_made(self):
        self.run_ok("datalad", "create-sibling-ria", "-d", self.dataset, "-s", "old", "--new-store-ok",
                    f"ria+file://{self.store}")
        self.make_planes(self.dataset / "planes")
        self.run_ok("datalad", "save", "-d", self.dataset)
        planes = digests(self.dataset)
        self.run_ok("datalad", "push", "-d", self.dataset, "--to", "old")
        uuid = self.git(self.dataset, "config", "remote.old-storage.annex-uuid")
        result, = self.connect(self.dataset)
        self.assertEqual((result["uuid"], result["storage"]), (uuid, "capacity-microstage"))
        self.assertEqual(len(self.remote_log(self.dataset)), 2)
        self.assertEqual(self.connect(self.dataset)[0]["result"], "unchanged")
        self.run_ok("datalad", "drop", "-d", self.dataset, self.dataset / "planes")
        self.git(self.dataset, "annex", "get", "--from", "capacity-microstage", "planes")
        self.assertEqual(digests(self.dataset), planes)


class Usage(MicrostageTest):
    def test_help_version_and_wrong_words(self):
        for words in (["--help"], ["init", "--help"], ["connect", "--help"]):
            self.assertIn("microstage", self.run_ok("microstage", *words))
        self.assertRegex(self.run_ok("microstage", "--version"), r"^microstage \d+\.\d+\.\d+\n$")
        for words in ([], ["stag"], ["init"], ["connect", "."], ["connect", ".", "--store", "x", "--jobs", "0"]):
            self.refused("microstage", *words, status=2)


if __name__ == "__main__":
    main()
