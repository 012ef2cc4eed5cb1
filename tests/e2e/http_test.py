#!/usr/bin/env python3
"""A store behind nginx, which knows nothing of annexes: what git-annex gets, and what it is told when the server is down,
slow, of another opinion or not trusted. Every line that a person would see is read here."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import VERIFY_ONCE
from http_bench import FILES, LARGE, HttpTest, needs_nginx
from microstage_testing import main
from web_servers import make_authority

OBJECTS = "location ~ /annex/objects/ "


class Nginx(HttpTest):
    def check_all(self):
        self.assertEqual(self.get().returncode, 0)
        self.check_content()
        self.annex(self.clone, "fsck", "--quiet", "--from", "cap")
        self.assertEqual(self.presence(), ("SUCCESS", ""))

    def test_gets_and_checks_in_both_ways_to_verify(self):
        server = self.nginx()
        self.read_from(server.url)
        for settings in ({}, VERIFY_ONCE):
            self.configure(self.clone, settings)
            self.check_all()
            where = self.annex(self.clone, "whereis", "small.tif")
            self.assertIn(f"cap: {server.url}/b24/", where)
            self.drop_all()
        info = self.annex(self.clone, "info", "cap")
        self.assertIn(f"store: ria+{server.url}", info)
        self.assertIn("layout: 2", info)
        self.assertEqual(self.litter(self.dataset, self.clone), [])

    def test_layout_one_and_odd_names(self):
        """A bare repository's hash directories, a key full of characters that mean something in a URL, and a store whose
        own name has some too."""
        place = self.make_store("a%20 b+ö&#;")
        (place / "ria-layout-version").write_text("1\n")
        (self.clone / "odd").write_bytes(b"odd")
        url = "http://example.org/a?b=c%d#e&f:g+h"
        self.annex(self.clone, "fromkey", "--force", f"URL-s3--{url}", "odd.txt")
        key = self.key(self.clone, "odd.txt")
        name = key.replace("&", "&a").replace("%", "&s").replace(":", "&c").replace("/", "%")
        lower = self.annex(self.clone, "examinekey", "--format=${hashdirlower}", name).strip()
        (place / "annex/objects" / lower / name).mkdir(parents=True)
        (place / "annex/objects" / lower / name / name).write_bytes(b"odd")
        server = self.nginx()
        server.fields["root"] = f'"{place.parent.parent}"'
        server.restart("")
        self.read_from(server.url)
        self.assertEqual(self.presence("odd.txt"), ("SUCCESS", ""))
        self.annex(self.clone, "setpresentkey", key, self.git(self.clone, "config", "remote.cap.annex-uuid"), "1")
        self.git(self.clone, "config", "annex.security.allow-unverified-downloads", "ACKTHPPT")
        self.annex(self.clone, "get", "--from", "cap", "odd.txt")
        self.assertEqual((self.clone / "odd.txt").read_bytes(), b"odd")

    def test_below_a_path_and_by_ipv6(self):
        self.read_from(self.nginx().url + "/")
        self.check_all()
        self.drop_all()
        try:
            server = self.nginx(address="::1")
        except (OSError, RuntimeError):
            print("SKIP: no IPv6 here")
            return
        server.restart(f"location /some%20where/ {{ }} location '/some where/' {{ alias {self.root}/store/; }}")
        self.read_from(server.url + "/some where/")
        self.check_all()

    def test_what_is_not_there(self):
        self.read_from(self.nginx().url)
        path = self.object_path("small.tif")
        path.parent.chmod(0o755)
        path.unlink()
        self.assertEqual(self.presence(), ("FAILURE", ""))
        self.assertIn("does not have it", self.refused())
        (self.dataset / "archives").mkdir()
        (self.dataset / "archives/archive.7z").write_bytes(b"7z")
        self.assertEqual(self.presence()[0], "UNKNOWN")  # no archive that anybody could read
        self.refused()

    def test_an_object_of_another_size_is_no_object(self):
        server = self.nginx()
        self.read_from(server.url)
        self.put_back_cut(self.object_path("small.tif"), b"cut")
        self.assertEqual(self.presence(), ("FAILURE", ""))
        self.assertIn("is damaged: it has 3 bytes, and the key says 5000", self.refused())
        # A page with a reason on it is no object either, and says nothing about the store.
        server.restart(OBJECTS + "{ default_type text/html; return 200 'please log in'; }")
        self.assertEqual(self.presence("large.tif")[0], "UNKNOWN")
        self.assertIn("the server answers with a web page; is there a login or a portal in between?",
                      self.refused("large.tif"))

    def test_damage_is_never_taken_for_the_object(self):
        self.read_from(self.nginx().url)
        content = bytearray(FILES["large.tif"])
        content[LARGE // 2] ^= 1
        self.put_back_cut(self.object_path("large.tif"), content)
        for settings in ({}, VERIFY_ONCE):
            self.configure(self.clone, settings)
            line = self.refused("large.tif")
            self.assertIn("is damaged: its bytes do not match the key; ask who runs the server", line)
            self.assertFalse((self.clone / "large.tif").exists())
        self.assertEqual(self.presence("large.tif")[0], "UNKNOWN")
        self.assertEqual(self.object_path("large.tif").read_bytes(), content)

    troubles = (
        ("{ return 500; }", "the server is unwell (500) (tried 5 times); run the command again later, or ask"),
        ("{ return 503; }", "the server is unwell (503)"),
        ("{ return 403; }", "the server refuses access (403); ask who owns it for access"),
        ("{ return 401; }", "wants a user name and password (401) and accepted none of ~/.netrc and git's credential"),
        ("{ return 418; }", "an answer of no use here (418)"),
        ("{ return 302 $uri; }", "the server redirects in circles; ask who runs it"),
        ("{ return 302 ftp://127.0.0.1/; }", "redirects to something else than http or https"),
        ("{ add_header Content-Encoding gzip; }", "does not say how many bytes it has"),
    )

    def test_trouble_is_not_absence(self):
        server = self.nginx()
        self.read_from(server.url)
        for config, text in self.troubles:
            with self.subTest(config=config):
                server.restart(OBJECTS + config)
                presence, why = self.presence()
                self.assertEqual(presence, "UNKNOWN", why)
                self.assertRegex(self.refused(), text.replace("(", r"\(").replace(")", r"\)").replace("?", r"\?"))
        # Everything is missing: that is no store, not an empty one.
        server.restart("location / { return 404; }")
        presence, why = self.presence()
        self.assertEqual(presence, "UNKNOWN")
        self.assertIn("has no ria-layout-version: it is no RIA store, or the server does not serve it here", why)
        server.restart("location /b24/ { return 404; }")
        self.assertIn("has no dataset b24c7f1a", self.refused())
        server.stop()
        presence, why = self.presence()
        self.assertEqual(presence, "UNKNOWN")
        self.assertRegex(why, r"Failed to connect .* \(tried 5 times\); is the server up, and can this machine reach it\?")

    def test_one_dead_server_is_not_waited_for_key_by_key(self):
        server = self.nginx("location / { return 503; }")
        self.read_from(server.url)
        self.assertEqual(self.get().returncode, 1)
        self.assertEqual(len(server.requests()), 5 + 1 + 1)  # the first key with all retries, then one try for each

    def test_redirects(self):
        """To another place and another server; credentials stay behind."""
        other = self.nginx()
        server = self.nginx(OBJECTS + f"{{ return 302 {other.url}$request_uri?signature=secret; }}")
        self.read_from(server.url)
        self.check_all()
        # Another host's "not found" is not the store's.
        other.restart("location / { return 404; }")
        presence, why = self.presence()
        self.assertEqual(presence, "UNKNOWN")
        self.assertIn("redirects to another host, which does not have it (404)", why)
        self.drop_all()
        self.assertNotIn("secret", why + self.refused())

    def test_a_slow_server_and_a_cut(self):
        """What came before the server died is kept, and not fetched again."""
        server = self.nginx(OBJECTS + "{ limit_rate 4m; limit_rate_after 2m; }")
        self.read_from(server.url)
        self.check_all()
        self.drop_all()
        partial = self.clone / ".git/annex/tmp" / self.key(self.clone, "large.tif")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(FILES["large.tif"][:2_000_000])
        before = len(server.requests())
        self.annex(self.clone, "get", "large.tif")
        self.check_content("large.tif")
        ranged = [line for line in server.requests()[before:] if "bytes=2000000-" in line]
        self.assertEqual([line.split()[2] for line in ranged], ["206"], server.requests())
        self.assertTrue(ranged[0].endswith(" 1000000"), ranged)

    def test_without_ranges(self):
        server = self.nginx("max_ranges 0;")
        self.read_from(server.url)
        partial = self.clone / ".git/annex/tmp" / self.key(self.clone, "large.tif")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(FILES["large.tif"][:2_000_000])
        self.check_all()
        self.assertFalse([line for line in server.requests() if " 206 " in line])

    def test_storing_and_removing_need_a_push_url(self):
        server = self.nginx()
        self.read_from(server.url)
        (self.clone / "new").write_bytes(b"new")
        self.annex(self.clone, "add", "--quiet", "new")
        for words in (("copy", "--to", "cap", "new"), ("drop", "--force", "--from", "cap", "small.tif")):
            result = self.try_annex(self.clone, *words)
            self.assertEqual(result.returncode, 1, result)
            self.assertIn(f"ria+{server.url} is for reading only: to store and remove, set push-url", result.stderr + result.stdout)
        self.git(self.clone, "config", "remote.cap.ora-push-url", f"ria+file://{self.root}/store")
        self.annex(self.clone, "copy", "--quiet", "--to", "cap", "new")
        self.assertEqual(self.presence("new"), ("SUCCESS", ""))
        self.annex(self.clone, "drop", "--quiet", "--force", "--from", "cap", "small.tif")
        self.assertEqual(self.presence("small.tif"), ("FAILURE", ""))

    def test_certificates(self):
        ca, certificate = make_authority(self.root / "tls", self.run_ok)
        server = self.nginx(certificate=certificate)
        self.read_from(server.url)
        line = self.refused()
        self.assertIn("its certificate is not trusted here: name the authority's in git's http.sslCAInfo", line)
        self.assertEqual(self.presence()[0], "UNKNOWN")
        # Checking is never turned off, least of all silently.
        self.git(self.clone, "config", "http.sslVerify", "false")
        self.assertIn("(http.sslVerify is not heeded)", self.refused())
        self.git(self.clone, "config", f"http.{server.url}.sslCAInfo", str(ca))
        self.check_all()
        self.drop_all()
        # The right authority, and a name that is not in the certificate.
        self.read_from(server.url.replace("127.0.0.1", "localhost"))
        self.git(self.clone, "config", "http.sslCAInfo", str(ca))
        self.assertIn("its certificate is not trusted here", self.refused())
        # From https there is no way down to http.
        plain = self.nginx()
        server.restart(OBJECTS + f"{{ return 302 {plain.url}$request_uri; }}")
        self.read_from(server.url)
        self.assertIn("redirects from https to plain http", self.refused())
        self.assertEqual(plain.requests(), [])

    def test_initremote(self):
        """By http alone: the dataset is looked at, and a second uuid for its objects refused."""
        server = self.nginx()
        new = ("initremote", "site", "type=external", "externaltype=microstage", "encryption=none",
               "archive-id=b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01")
        (self.dataset / "config").write_text('[datalad "ora-remote"]\n\tuuid = 11111111-2222-4333-8444-555555555555\n')
        result = self.try_annex(self.clone, *new, f"url=ria+{server.url}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("already is the content of the remote 11111111-2222-4333-8444-555555555555", result.stderr)
        (self.dataset / "config").unlink()
        result = self.try_annex(self.clone, *new, f"url=ria+{server.url.replace('//', '//me:geheim@')}")
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("url= has a password in it", result.stdout + result.stderr)
        self.assertNotIn("geheim", self.annex(self.clone, "info", "site").replace("url: ", ""))


if __name__ == "__main__":
    needs_nginx()
    main(needs=("git", "git-annex", "openssl"))
