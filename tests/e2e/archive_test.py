#!/usr/bin/env python3
"""Sealed datasets: the archive that DataLad or 7z made is read in place by git-annex through our remote, what is in it is
neither removed nor stored again, and stock ORA works beside us on the same store."""

import json
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import VERIFY_ONCE, AnnexTest, random_bytes  # noqa: E402
from microstage_testing import BIN, MicrostageTest, digests, main, remove_tree  # noqa: E402

FILES = {"large.tif": random_bytes(2_500_000, 1), "small": random_bytes(5_000, 2), "empty": b"",
         "program.exe": random_bytes(70_000, 3)}


class Archives(AnnexTest):
    """Made by 7z, as the usual maintenance scripts do: pack annex/objects, move it into place, remove the loose tree."""

    def setUp(self):
        super().setUp()
        self.open_store("2")

    def open_store(self, layout):
        self.dataset = self.make_store(f"store{layout}", layout)
        self.archive = self.dataset / "archives/archive.7z"
        self.clone = self.make_clone(f"clone{layout}", FILES, f"store{layout}")
        self.annex(self.clone, "copy", "--quiet", "--to", "cap")

    def seal(self, *options):
        self.archive.parent.mkdir(exist_ok=True)
        self.archive.unlink(missing_ok=True)
        self.run_ok("7z", "a", *options, self.archive, ".", cwd=self.dataset / "annex/objects")

    def unloose(self):
        remove_tree(self.dataset / "annex")

    def drop(self):
        self.annex(self.clone, "drop", "--quiet", ".")
        for name in FILES:
            self.assertFalse((self.clone / name).exists(), name)

    def check_got(self, clone=None):
        for name, content in FILES.items():
            self.assertEqual(((clone or self.clone) / name).read_bytes(), content, name)

    def use(self, settings, *options):
        """All that git-annex does with what is sealed."""
        self.configure(self.clone, settings)
        self.drop()  # asks whether each is there
        self.annex(self.clone, "get", *options, ".")
        self.check_got()
        self.annex(self.clone, "fsck", "--from", "cap")
        self.annex(self.clone, "fsck", "--fast", "--from", "cap")
        self.assertEqual(self.annex(self.clone, "find", "--not", "--in", "cap"), "")

    def test_is_read_in_both_layouts_and_both_ways_of_verifying(self):
        for layout, options, settings in (("2", ("-mx0",), {}), ("2", ("-mx0", "-mhc=off"), VERIFY_ONCE),
                                          ("1", ("-mx0", "-ms=on", "-m0=Copy"), {}), ("1", ("-mx0",), VERIFY_ONCE)):
            with self.subTest(layout=layout, options=options, settings=settings):
                if layout not in self.dataset.parent.parent.name:
                    self.open_store(layout)
                self.seal(*options)
                if (self.dataset / "annex").exists():
                    shutil.move(self.dataset / "annex", self.root / "objects")
                self.use(settings, "-J2")
                self.assertEqual(self.litter(self.dataset, self.clone), [])
                shutil.move(self.root / "objects", self.dataset / "annex")

    def test_whereis_and_info_name_archive_and_member(self):
        self.seal("-mx0")
        self.unloose()
        key = self.key(self.clone, "small")
        record = json.loads(self.annex(self.clone, "whereis", "--json", "small"))
        urls = [url for place in record["whereis"] for url in place["urls"]]
        self.assertEqual(len(urls), 1)
        self.assertTrue(urls[0].startswith(f"{self.archive}, member ") and urls[0].endswith(f"/{key}/{key}"), urls)
        info = json.loads(self.annex(self.clone, "info", "--json", "cap"))
        self.assertTrue(info["archive"].startswith(f"{len(FILES)} objects ("), info)

    def test_is_neither_removed_nor_stored_again(self):
        for loose in (True, False):
            with self.subTest(loose=loose):
                self.seal("-mx0") if loose else self.unloose()
                before = self.snapshot(self.dataset)
                result = self.try_annex(self.clone, "drop", "--force", "--from", "cap", "small")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("sealed in", result.stdout + result.stderr)
                self.assertEqual(self.annex(self.clone, "find", "--in", "cap", "small").strip(), "small")
                self.annex(self.clone, "copy", "--to", "cap", ".")
                for name in FILES:  # as a push does that believes the log
                    self.annex(self.clone, "transferkey", self.key(self.clone, name), "--to", "cap")
                self.assertEqual(self.snapshot(self.dataset), before)

    def test_a_key_that_is_missing_from_it_counts_as_absent(self):
        key = self.key(self.clone, "small")
        path = self.objects(self.dataset)[key]
        kept = path.read_bytes()
        path.parent.chmod(0o755)
        path.unlink()
        self.seal("-mx0")
        self.unloose()
        self.assertNotEqual(self.try_annex(self.clone, "drop", "small").returncode, 0)
        self.try_annex(self.clone, "fsck", "--fast", "--from", "cap", "small")
        self.assertEqual(self.annex(self.clone, "find", "--not", "--in", "cap").strip(), "small")
        self.annex(self.clone, "copy", "--to", "cap", ".")  # loose, beside the archive
        self.assertEqual({name: path.read_bytes() for name, path in self.objects(self.dataset).items()}, {key: kept})
        self.drop()
        self.annex(self.clone, "get", ".")
        self.check_got()

    def test_nothing_is_dropped_on_the_strength_of_an_archive_that_cannot_be_read(self):
        objects = self.root / "objects"
        other = self.other_clone(self.clone, "other")
        for what, options in (("LZMA2", ("-mx1",)), ("encrypted", ("-mx0", "-psecret")),
                              ("header is encrypted", ("-mx0", "-psecret", "-mhe=on")), ("cut", ("-mx0",)),
                              ("damaged", ("-mx0",)), ("unfinished", ("-mx0",))):
            with self.subTest(what=what):
                if objects.exists():
                    shutil.move(objects, self.dataset / "annex/objects")
                self.seal(*options)
                shutil.move(self.dataset / "annex/objects", objects)
                content = self.archive.read_bytes()
                if what == "cut":
                    self.archive.write_bytes(content[:-1])
                if what == "damaged":
                    self.archive.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
                if what == "unfinished":
                    self.archive.write_bytes(content[:8] + bytes(24))
                self.assertNotEqual(self.try_annex(self.clone, "drop", ".").returncode, 0)
                self.check_got()
                self.assertNotEqual(self.try_annex(self.clone, "drop", "--force", "--from", "cap", ".").returncode, 0)
                result = self.try_annex(other, "get", "--from", "cap", "small")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(what, result.stdout + result.stderr)
                self.assertIn(str(self.archive), result.stdout + result.stderr)

    def test_a_damaged_member_is_never_delivered_and_the_archive_left_alone(self):
        self.seal("-mx0", "-mhc=off")
        self.unloose()
        content = bytearray(self.archive.read_bytes())
        at = content.index(FILES["small"])
        content[at + 100] ^= 1
        self.archive.write_bytes(content)
        other = self.other_clone(self.clone, "other")
        for settings in ({}, VERIFY_ONCE):
            with self.subTest(settings=settings):
                self.configure(other, settings)
                result = self.try_annex(other, "get", "--from", "cap", "small")
                self.assertNotEqual(result.returncode, 0)
                self.assertFalse((other / "small").exists())
                self.assertIn("is damaged", result.stdout + result.stderr)
                self.annex(other, "get", "--from", "cap", "large.tif")
                self.annex(other, "drop", "large.tif")
        self.assertEqual(self.archive.read_bytes(), content)
        # Nobody drops the last good copy for it, and fsck makes the log right.
        self.assertNotEqual(self.try_annex(self.clone, "drop", "small").returncode, 0)
        self.try_annex(self.clone, "fsck", "--fast", "--from", "cap")
        self.assertEqual(self.annex(self.clone, "find", "--not", "--in", "cap").strip(), "small")
        self.annex(self.clone, "copy", "--to", "cap", "small")  # beside the archive
        self.drop()
        self.annex(self.clone, "get", ".")
        self.check_got()

    def test_an_archive_beyond_two_tebibytes(self):
        """A member behind 2.5 TiB of nothing: only the header's numbers have to be right."""
        self.seal("-mx0", "-mhc=off")
        self.unloose()
        try:
            self.stretch(5 << 39)
        except OSError as error:
            self.skipTest(f"no such large files here: {error}")
        self.use({})

    def stretch(self, gap):
        """Moves the end header, and each member by `gap`: its position is the one number after 01 04 06."""
        import zlib
        content = self.archive.read_bytes()
        offset = int.from_bytes(content[12:20], "little")
        header = content[32 + offset:]
        self.assertEqual(header[:4], b"\1\4\6\0")
        header = b"\1\4\6" + b"\xff" + gap.to_bytes(8, "little") + header[4:]
        start = (gap + offset).to_bytes(8, "little") + len(header).to_bytes(8, "little") + \
            zlib.crc32(header).to_bytes(4, "little")
        with self.archive.open("wb") as out:
            out.write(content[:8] + zlib.crc32(start).to_bytes(4, "little") + start)
            out.seek(32 + gap)
            out.write(content[32:32 + offset] + header)


class StockDatalad(MicrostageTest):
    """export-archive-ora, and the ORA remote beside ours under the same uuid."""

    def setUp(self):
        super().setUp()
        self.init()
        self.dataset = self.make_dataset(planes=3)
        self.connect(self.dataset)
        self.push(self.dataset)
        self.archive = self.place(self.dataset) / "archives/archive.7z"

    def seal(self):
        exported = self.root / "archive.7z"
        exported.unlink(missing_ok=True)
        self.run_ok("datalad", "export-archive-ora", "-d", self.dataset, exported)
        self.archive.parent.mkdir(exist_ok=True)
        shutil.move(exported, self.archive)
        remove_tree(self.place(self.dataset) / "annex")

    def clone(self, name, env=None):
        path = self.root / name
        self.run_ok("datalad", "clone", f"ria+file://{self.store}#{self.dataset_id(self.dataset)}", path, env=env)
        return path

    def stock(self):
        """An environment without our program."""
        paths = [path for path in self.env["PATH"].split(os.pathsep)
                 if pathlib.Path(path) != BIN and not (pathlib.Path(path) / "git-annex-remote-microstage").exists()]
        return {**self.env, "PATH": os.pathsep.join(paths)}

    def test_what_datalad_exported_is_read(self):
        wanted = digests(self.dataset)
        self.assertEqual(len(wanted), 3)
        self.seal()
        clone = self.clone("clone")
        for settings in ({}, {"remote.capacity-storage.annex-security-allow-unverified-downloads": "ACKTHPPT",
                              "remote.capacity-storage.annex-verify": "false"}):
            with self.subTest(settings=settings):
                for name, value in settings.items():
                    self.git(clone, "config", name, value)
                self.git(clone, "annex", "get", "--from", "capacity-storage", ".")
                self.assertEqual(digests(clone), wanted)
                self.git(clone, "annex", "fsck", "--from", "capacity-storage")
                self.git(clone, "annex", "drop", ".")
                self.assertFalse(any(path.exists() for path in (clone / "planes").iterdir()), "nothing was dropped")
                self.run_ok("datalad", "get", "-J2", ".", cwd=clone)
                self.assertEqual(digests(clone), wanted)
                self.assertIn(f"{self.archive}, member ", self.git(clone, "annex", "whereis", "planes"))
                self.git(clone, "annex", "drop", ".")

    def test_stock_ora_pushes_beside_the_archive(self):
        self.seal()
        stock = self.stock()
        self.assertIsNone(shutil.which("git-annex-remote-microstage", path=stock["PATH"]))
        pusher = self.clone("pusher", env=stock)
        self.run_ok("datalad", "get", ".", cwd=pusher, env=stock)  # by 7z
        (pusher / "result.h5").write_bytes(os.urandom(50_000))
        self.save(pusher, "a result")
        self.git(pusher, "config", "remote.origin.datalad-publish-depends", "capacity-ora")
        self.run_ok("datalad", "push", "--to", "origin", cwd=pusher, env=stock)
        loose = [path for path in (self.place(self.dataset) / "annex/objects").rglob("*") if path.is_file()]
        self.assertEqual(len(loose), 1)
        reader = self.clone("reader")
        self.git(reader, "annex", "get", "--from", "capacity-storage", ".")
        self.assertEqual(digests(reader), digests(self.dataset))
        self.assertEqual((reader / "result.h5").read_bytes(), (pusher / "result.h5").read_bytes())
        self.git(reader, "annex", "drop", ".")
        # And ours beside it: stock reads loose and sealed together.
        (reader / "more.h5").write_bytes(os.urandom(50_000))
        self.save(reader, "more")
        self.run_ok("datalad", "push", "--to", "origin", cwd=reader)
        last = self.clone("last", env=stock)
        self.run_ok("datalad", "get", ".", cwd=last, env=stock)
        self.assertEqual((last / "more.h5").read_bytes(), (reader / "more.h5").read_bytes())
        self.assertEqual(digests(last), digests(self.dataset))


if __name__ == "__main__":
    main(needs=("git", "git-annex", "datalad", "7z"))
