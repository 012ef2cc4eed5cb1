#!/usr/bin/env python3
"""Servers that do what nginx never does: cut in the middle, change an object while it is read, lie about sizes, lack HEAD,
flood us with headers, fall silent. And credentials: who gets them, and that nobody reads them."""

import base64
import contextlib
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import DATASET, VERIFY_ONCE, wait_until
from http_bench import FILES, LARGE, HttpTest
from microstage_testing import BIN, main
from remote_process import RemoteProcess

LARGE_OBJECT = f"SHA256E-s{LARGE}--"


def is_object(path):
    return "/annex/objects/" in path


class OddServers(HttpTest):
    def serve(self, odd):
        server = self.odd_server(odd)
        self.read_from(server.url)
        return server

    def cutting(self, at, times):
        """Closes the connection after `at` bytes of each response, for the first `times` responses."""
        left = [times]

        def odd(handler, path):
            if not is_object(path) or handler.command != "GET" or not left[0]:
                return False
            left[0] -= 1
            body = handler.content(path)
            start = int((handler.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            handler.send_response(206 if start else 200)
            handler.send_header("Content-Length", str(len(body) - start))
            if start:
                handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            handler.end_headers()
            handler.wfile.write(body[start:start + at])
            handler.close_connection = True
            return True

        return odd

    def test_a_cut_connection_is_taken_up_where_it_ended(self):
        for settings in ({}, VERIFY_ONCE):
            self.configure(self.clone, settings)
            server = self.serve(self.cutting(700_000, 4))
            self.annex(self.clone, "get", "--quiet", "large.tif")
            self.check_content("large.tif")
            ranges = [headers.get("Range", "") for method, path, headers in server.seen if LARGE_OBJECT in path]
            self.assertEqual(ranges, [""] + [f"bytes={700_000 * i}-{LARGE - 1}" for i in range(1, 5)])
            self.drop_all()

    def test_a_server_that_always_cuts(self):
        """Each response brings something, so it ends; one that brings nothing is given up."""
        self.serve(self.cutting(700_000, 100))
        self.annex(self.clone, "get", "--quiet", "large.tif")
        self.check_content("large.tif")
        self.drop_all()
        server = self.serve(self.cutting(0, 100))
        self.assertRegex(self.refused("large.tif"), "transfer closed with 3000000 bytes remaining to read; run the command again")
        self.assertEqual(len([path for path in server.paths("GET") if is_object(path)]), 5)

    def test_what_was_fetched_before_a_failure_is_kept(self):
        """git-annex's temporary file is the prefix; the next attempt fetches the rest."""
        cut = self.cutting(2_500_000, 1)

        def then_dead(handler, path):
            return cut(handler, path) or (is_object(path) and (handler.say(503), True)[1])

        self.serve(then_dead)
        self.refused("large.tif")
        partial = self.clone / ".git/annex/tmp" / self.key(self.clone, "large.tif")
        kept = partial.read_bytes()
        self.assertGreaterEqual(len(kept), 2 << 20)
        self.assertEqual(kept, FILES["large.tif"][:len(kept)])
        server = self.serve(lambda handler, path: False)
        self.annex(self.clone, "get", "--quiet", "large.tif")
        self.check_content("large.tif")
        self.assertIn(f"bytes={len(kept)}-{LARGE - 1}", [headers.get("Range") for _, _, headers in server.seen])

    def test_an_object_that_changes_while_it_is_read(self):
        """If-Range makes the server send the whole of the other object: nothing of it is appended to the first."""
        def odd(handler, path):
            if LARGE_OBJECT not in path:
                return False
            if handler.headers.get("Range"):
                other = bytes(LARGE)
                return (handler.say(200, other, [("ETag", '"second"')]), True)[1]
            return (handler.say(200, FILES["large.tif"][:1_500_000], [("ETag", '"first"')], length=LARGE), True)[1]

        server = self.serve(odd)
        self.assertIn("changed on the server while it was read; run the command again", self.refused("large.tif"))
        self.assertIn('"first"', [headers.get("If-Range") for _, _, headers in server.seen])

    def test_a_server_without_head_or_without_sizes(self):
        def no_head(handler, path):
            return handler.command == "HEAD" and (handler.say(405), True)[1]

        self.serve(no_head)
        self.assertEqual(self.presence(), ("SUCCESS", ""))
        self.assertEqual(self.presence("empty")[0], "SUCCESS")

        def chunked(handler, path):
            if not is_object(path):
                return False
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            if handler.command == "GET":
                body = handler.content(path)
                handler.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n")
            return True

        self.serve(chunked)
        presence, why = self.presence()
        self.assertEqual(presence, "UNKNOWN")
        self.assertIn("does not say how many bytes it has", why)
        self.annex(self.clone, "get", "--quiet", ".")  # the key knows the size, and its digest the rest
        self.check_content()

    def test_portals_and_liars(self):
        def portal(handler, path):
            return (handler.say(200, b"<html>log in</html>", [("Content-Type", "text/html")]), True)[1]

        self.serve(portal)
        presence, why = self.presence()
        self.assertEqual(presence, "UNKNOWN")
        self.assertIn("the server answers with a web page; is there a login or a portal in between?", why)
        self.refused()

        def flood(handler, path):
            handler.send_response(200)
            with contextlib.suppress(OSError):
                for i in range(100_000):
                    handler.send_header(f"X-{i}", "x" * 1000)
                handler.end_headers()
            return True

        self.serve(flood)
        self.assertIn("the server's answer begins with endless headers", self.refused())

        def endless_version(handler, path):
            return path.endswith("ria-layout-version") and (handler.say(200, b"1" * 100_000), True)[1]

        self.serve(endless_version)
        self.assertIn("is longer than 4.1 kB, which it never is; is this the right URL?", self.refused())

        def no_http(handler, path):
            handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            handler.close_connection = True
            return True

        self.serve(no_http)
        self.assertIn("Received HTTP/0.9 when not allowed", self.refused())

        def wrong_part(handler, path):
            if LARGE_OBJECT not in path or not handler.headers.get("Range"):
                return False
            return (handler.say(206, b"x" * 10, [("Content-Range", f"bytes 5-14/{LARGE}")]), True)[1]

        self.serve(wrong_part)
        partial = self.clone / ".git/annex/tmp" / self.key(self.clone, "large.tif")
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(FILES["large.tif"][:1_100_000])
        self.assertIn("the server gave another part than was asked for", self.refused("large.tif"))

    def test_too_many_requests(self):
        """Waits as long as it is asked to, within reason."""
        left = [2]

        def busy(handler, path):
            if not is_object(path) or not left[0]:
                return False
            left[0] -= 1
            return (handler.say(429, headers=[("Retry-After", "1")]), True)[1]

        server = self.serve(busy)
        self.annex(self.clone, "get", "--quiet", "small.tif")
        self.assertEqual(len([path for path in server.paths("GET") if is_object(path)]), 3)
        self.drop_all()
        server = self.serve(lambda handler, path: is_object(path) and
                            (handler.say(429, headers=[("Retry-After", "3600")]), True)[1])
        self.assertIn("the server has too much to do (429); run the command again later", self.refused())
        self.assertEqual(len([path for path in server.paths("GET") if is_object(path)]), 1)

    def test_a_server_that_falls_silent(self):
        self.git(self.clone, "config", "http.lowSpeedTime", "1")
        ended = threading.Event()
        self.addCleanup(ended.set)
        self.serve(lambda handler, path: is_object(path) and (ended.wait(60), True)[1])
        self.assertIn("the server said nothing for 1 s (tried 5 times); is the server up", self.refused())

    def test_the_end_of_git_annex_ends_a_wait(self):
        asked, ended = threading.Event(), threading.Event()
        self.addCleanup(ended.set)
        server = self.serve(lambda handler, path: is_object(path) and (asked.set(), ended.wait(60), True)[2])
        answers = {"GETCONFIG url": f"ria+{server.url}", "GETCONFIG push-url": "", "GETCONFIG archive-id": DATASET,
                   "GETCONFIG name": "cap", "GETUUID": "11111111-2222-4333-8444-555555555555", "GETGITDIR": ".git",
                   "GETGITREMOTENAME": "cap"}
        for request in ("TRANSFER RETRIEVE", "CHECKPRESENT"):
            asked.clear()
            remote = RemoteProcess(BIN / "git-annex-remote-microstage", self.clone, self.env, answers)
            with contextlib.closing(remote.process.stdout), contextlib.closing(remote.process.stderr):
                key = self.key(self.clone, "large.tif")
                remote.start(f"{request} {key}" + (" file" if "RETRIEVE" in request else ""))
                self.assertTrue(asked.wait(60))
                remote.process.stdin.close()
                self.assertTrue(wait_until(lambda: remote.process.poll() is not None, 10))


class Credentials(HttpTest):
    SECRET = "s3cr%t word"

    def guarded(self):
        """Lets in me with the password; others get 401."""
        wanted = "Basic " + base64.b64encode(f"me:{self.SECRET}".encode()).decode()
        server = self.odd_server(lambda handler, path: handler.headers.get("Authorization") != wanted and
                                 (handler.say(401, b"who?", [("WWW-Authenticate", 'Basic realm="x"')]), True)[1])
        self.read_from(server.url)
        return server

    def everything_said(self):
        key = self.key(self.clone, "small.tif")
        said = []
        for words in (("get", "small.tif"), ("checkpresentkey", key, "cap"), ("whereis",), ("info", "cap"),
                      ("fsck", "--from", "cap", "small.tif")):
            result = self.run_raw("git", "-C", self.clone, "annex", "--debug", *words)
            # What git-annex itself reads or writes of the remote's settings is not ours.
            said += [line for line in (result.stdout + result.stderr).splitlines() if "git-annex-remote-microstage" in line
                     or "cannot" in line]
        return "\n".join(said)

    def refused_for_want_of_a_password(self):
        line = self.refused()
        self.assertIn("wants a user name and password (401) and accepted none", line)
        self.assertEqual(self.presence()[0], "UNKNOWN")

    def test_netrc(self):
        self.guarded()
        self.refused_for_want_of_a_password()
        netrc = pathlib.Path(self.env["HOME"]) / ".netrc"
        netrc.write_text("machine 127.0.0.1 login me password \"s3cr%t word\"\n")
        netrc.chmod(0o600)
        self.annex(self.clone, "get", "--quiet", ".")
        self.check_content()
        self.assertNotIn("s3cr", self.everything_said())

    def test_netrc_is_not_for_those_we_are_sent_to(self):
        other = self.odd_server()
        target = other.url.replace("127.0.0.1", "localhost")
        server = self.odd_server(lambda handler, path: is_object(path) and
                                 (handler.say(302, headers=[("Location", target + path)]), True)[1])
        netrc = pathlib.Path(self.env["HOME"]) / ".netrc"
        netrc.write_text("default login me password geheim\n")
        netrc.chmod(0o600)
        self.read_from(server.url.replace("//", "//me:geheim@"))
        self.annex(self.clone, "get", "--quiet", "small.tif")
        self.assertTrue(all("Authorization" in headers for _, _, headers in server.seen), server.seen)
        self.assertTrue(other.seen)
        self.assertFalse([headers for _, _, headers in other.seen if "Authorization" in headers])

    def test_git_credential_helpers(self):
        server = self.guarded()
        log = self.root / "helper.log"
        helper = self.root / "helper"
        helper.write_text(f"#!/bin/sh\necho \"$1\" >>{log}\ncat >>{log}\n"
                          f"test \"$1\" = get && printf 'username=me\\npassword={self.SECRET.replace('%', '%%')}\\n'\n")
        helper.chmod(0o755)
        self.git(self.clone, "config", "credential.helper", str(helper))
        self.annex(self.clone, "get", "--quiet", ".")
        self.check_content()
        asked = log.read_text()
        host = server.url.removeprefix("http://")
        self.assertIn(f"get\nprotocol=http\nhost={host}\n", asked)
        self.assertIn("store\n", asked)  # git's word for: they were right
        self.assertEqual(asked.count("get\n"), 1, asked)
        self.assertNotIn("s3cr", self.everything_said())
        # Wrong ones are forgotten, and nobody is asked on a terminal.
        helper.write_text(f"#!/bin/sh\necho \"$1\" >>{log}\ntest \"$1\" = get && printf 'username=me\\npassword=old\\n'\n")
        log.unlink()
        self.drop_all()
        self.refused_for_want_of_a_password()
        self.assertIn("erase\n", log.read_text())

    def test_in_the_url(self):
        server = self.guarded()
        self.read_from(server.url.replace("//", "//me:s3cr%25t%20word@"))
        self.annex(self.clone, "get", "--quiet", ".")
        self.check_content()
        self.assertNotIn("s3cr", self.everything_said())
        self.read_from(server.url.replace("//", "//me:s3cret@"))
        self.drop_all()
        self.refused_for_want_of_a_password()
        self.assertNotIn("s3cr", self.everything_said())


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
