#!/usr/bin/env python3
"""A sealed dataset behind a web server: members of archives/archive.7z by ranges, written by 7z itself."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import VERIFY_ONCE
from http_bench import FILES, LARGE, HttpTest, needs_nginx
from microstage_testing import main, remove_tree


class HttpArchive(HttpTest):
    def seal(self, *options):
        """What DataLad's own tools do: all loose objects into one archive."""
        objects = self.dataset / "annex/objects"
        (self.dataset / "archives").mkdir(exist_ok=True)
        archive = self.dataset / "archives/archive.7z"
        archive.unlink(missing_ok=True)
        self.run_ok("7z", "a", *(options or ("-mx0",)), archive, ".", cwd=objects)
        return archive

    def sealed(self, *options):
        archive = self.seal(*options)
        remove_tree(self.dataset / "annex")
        return archive

    def test_members_are_read_in_place(self):
        self.sealed()
        server = self.nginx()
        self.read_from(server.url)
        for settings in ({}, VERIFY_ONCE):
            self.configure(self.clone, settings)
            self.assertEqual(self.presence(), ("SUCCESS", ""))
            self.annex(self.clone, "get", "--quiet", ".")
            self.check_content()
            self.annex(self.clone, "fsck", "--quiet", "--from", "cap")
            self.drop_all()
        where = self.annex(self.clone, "whereis", "small.tif")
        self.assertRegex(where, f"cap: {server.url}/b24/.*/archives/archive.7z, member ../../SHA256E-s5000--")
        self.assertIn("archive: 3 objects", self.annex(self.clone, "info", "cap"))
        # Never the whole of the archive, and the large member from where an earlier attempt ended.
        asked = [line for line in server.requests() if line.startswith("GET") and "archive.7z" in line]
        self.assertEqual({line.split()[2] for line in asked}, {"206"})
        partial = self.clone / ".git/annex/tmp" / self.key(self.clone, "large.tif")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(FILES["large.tif"][:2_000_000])
        for name in VERIFY_ONCE:
            self.git(self.clone, "config", "--unset", name)
        before = len(server.requests())
        self.annex(self.clone, "get", "--quiet", "large.tif")
        self.check_content("large.tif")
        sizes = [int(line.split()[-1]) for line in server.requests()[before:] if "archive.7z" in line]
        self.assertIn(LARGE - 2_000_000, sizes)
        self.assertNotIn(LARGE, sizes)

    def test_loose_goes_first_and_a_new_archive_is_noticed(self):
        self.seal()
        server = self.nginx()
        self.read_from(server.url)
        self.annex(self.clone, "get", "--quiet", "small.tif")
        self.assertFalse([line for line in server.requests() if "archive.7z" in line])
        # Sealed, with one key left out.
        small = self.object_path("small.tif")
        small.parent.chmod(0o755)
        small.unlink()
        self.sealed()
        self.assertEqual(self.presence("small.tif"), ("FAILURE", ""))
        self.assertEqual(self.presence("large.tif"), ("SUCCESS", ""))

    def test_without_ranges(self):
        self.sealed()
        self.read_from(self.nginx("max_ranges 0;").url)
        self.assertIn("the server cannot give parts of a file (Range), which reading from an archive needs",
                      self.refused())
        self.assertEqual(self.presence()[0], "UNKNOWN")

    def test_what_cannot_be_read_in_place(self):
        self.sealed("-mx5")
        server = self.nginx()
        self.read_from(server.url)
        presence, why = self.presence()
        self.assertEqual(presence, "UNKNOWN")
        self.assertRegex(why, "the archive http://.*/archive.7z cannot be read: ")
        self.refused()
        server.restart("location ~ archive.7z { return 500; }")
        self.assertEqual(self.presence()[0], "UNKNOWN")

    def test_an_archive_replaced_while_it_is_read(self):
        """Table of one archive, bytes of another: the range is refused by If-Range, nothing wrong is delivered."""
        archive = self.sealed()
        content = archive.read_bytes()
        left = [4]  # HEAD, signature, header, member

        def odd(handler, path):
            if not path.endswith("archive.7z"):
                return False
            left[0] -= 1
            if left[0] == 0:
                return (handler.say(200, content[::-1], [("ETag", '"another"')]), True)[1]
            return False

        server = self.odd_server(odd)
        self.read_from(server.url)
        self.assertIn("changed on the server while it was read", self.refused("large.tif"))
        self.annex(self.clone, "get", "--quiet", "large.tif")
        self.check_content("large.tif")


if __name__ == "__main__":
    needs_nginx()
    main(needs=("git", "git-annex", "7z"))
