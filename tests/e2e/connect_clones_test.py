#!/usr/bin/env python3
"""What a connected dataset is for others: clones without microstage, over HTTP, through another mount point, and other
clones that connect to the same place."""

import functools
import http.server
import os
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, MicrostageTest, digests, main


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Clones(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.init()
        self.section = self.make_dataset(planes=3)
        self.planes = digests(self.section)

    def datalad_push(self):
        self.run_ok("datalad", "push", "-d", self.section, "--to", "capacity")

    def clone(self, name="clone", store=None, **kwargs):
        path = self.root / name
        url = store or f"ria+file://{self.store}"
        self.run_ok("datalad", "clone", f"{url}#{self.dataset_id(self.section)}", path, **kwargs)
        return path

    def stranger(self):
        """A clone of the section, not of the store."""
        return self.clone_dataset(self.section, self.root / "stranger")

    def without_microstage(self):
        path = os.pathsep.join(p for p in self.env["PATH"].split(os.pathsep)
                               if not (pathlib.Path(p) / "git-annex-remote-microstage").exists())
        return {**self.env, "PATH": path}

    def get(self, clone, **kwargs):
        text = self.run_ok("datalad", "get", "-d", clone, clone / "planes", **kwargs)
        self.assertEqual(digests(clone), self.planes)
        return text

    def serve(self):
        handler = functools.partial(QuietHandler, directory=str(self.store))
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def test_without_microstage_stock_ora_serves(self):
        self.connect(self.section)
        self.push(self.section)
        env = self.without_microstage()
        clone = self.clone(env=env)
        self.assertIn("from capacity-ora", self.get(clone, env=env))

    def test_connecting_needs_no_datalad(self):
        tools = self.root / "tools"
        tools.mkdir()
        for program in pathlib.Path("/usr/bin").iterdir():
            if "datalad" not in program.name and program.name != "git-annex-remote-ora":
                (tools / program.name).symlink_to(program)
        self.connect(self.section, env={**self.env, "PATH": f"{BIN}:{tools}"})
        self.assertEqual(len(self.remote_log(self.section)), 2)

    def test_says_when_git_annex_will_not_find_the_remote(self):
        result = self.run_raw(BIN / "microstage", "connect", self.section, "--store", self.store,
                              env=self.without_microstage())
        self.assertEqual(result.returncode, 0, result)
        self.assertIn("is not in PATH", result.stderr)

    def test_with_microstage_ours_serves_and_a_plain_push_goes_back(self):
        self.connect(self.section)
        self.push(self.section)
        clone = self.clone()
        self.assertIn("from capacity-storage", self.get(clone))
        (clone / "planes/more.tif").write_bytes(os.urandom(100_000))
        self.save(clone)
        self.run_ok("datalad", "push", "-d", clone, "--to", "origin")
        self.git(self.section, "pull", "-q", "capacity", "main")
        self.run_ok("datalad", "update", "-d", self.section, "-s", "capacity", "--how", "merge")
        self.run_ok("datalad", "get", "-d", self.section, self.section / "planes")
        self.assertEqual(digests(self.section), digests(clone))

    def test_served_by_a_static_web_server(self):
        self.connect(self.section, "--http")
        place = self.place(self.section)
        self.assertFalse((place / "hooks").exists())
        self.push(self.section)
        base = self.serve()
        url = f"{base}/{place.parent.name}/{place.name}"
        self.run_ok("git", "clone", "-q", url, self.root / "plain")
        self.assertEqual(self.git(self.root / "plain", "rev-parse", "HEAD"), self.git(self.section, "rev-parse", "HEAD"))
        # Later pushes too, and DataLad's own way.
        self.git(self.section, "commit", "-q", "--allow-empty", "-m", "later")
        self.datalad_push()
        self.assertIn(self.git(self.section, "rev-parse", "HEAD"), self.run_ok("git", "ls-remote", url))
        self.get(self.clone(store=f"ria+{base}"))

    def test_without_http_nothing_is_kept_for_web_servers(self):
        self.connect(self.section)
        self.push(self.section)
        place = self.place(self.section)
        self.assertFalse((place / "info").exists() or (place / "objects/info").exists())
        self.connect(self.section, "--http")  # later is early enough
        self.assertTrue((place / "info/refs").exists())

    def mount_elsewhere(self):
        """The store's other path; its recorded one leads nowhere afterwards."""
        other, hidden = self.root / "mnt", self.root / "hidden"
        other.mkdir()
        if self.run_raw("mount", "--bind", self.store, other).returncode == 0:
            self.addCleanup(subprocess.run, ["umount", "-l", other], check=False)
            hidden.mkdir()
            self.run_ok("mount", "--bind", hidden, self.store)
            self.addCleanup(subprocess.run, ["umount", "-l", self.store], check=False)
        else:
            other.rmdir()
            self.store.rename(hidden)
            other.symlink_to(hidden)
        return other

    def test_through_another_mount_point(self):
        self.connect(self.section)
        self.push(self.section)
        other = self.mount_elsewhere()
        clone = self.clone(store=f"ria+file://{other}")
        self.assertEqual(self.git(clone, "config", "remote.capacity-storage.ora-url"), f"ria+file://{other}")
        self.get(clone)
        # And connecting that clone there joins the same remote: one uuid, a local override.
        result, = self.connect(clone, store=other)
        self.assertEqual(result["uuid"], self.git(self.section, "config", "remote.capacity-storage.annex-uuid"))
        self.assertEqual(len(self.remote_log(clone)), 2)

    def test_connect_itself_redirects_to_another_mount_point(self):
        self.connect(self.section)
        self.push(self.section)
        other = self.mount_elsewhere()
        stranger = self.stranger()
        self.connect(stranger, store=other)
        self.git(stranger, "annex", "get", "--from", "capacity-storage", "planes")
        self.assertEqual(digests(stranger), self.planes)
        self.git(stranger, "annex", "drop", "planes")
        self.git(stranger, "annex", "get", "--from", "capacity-ora", "planes", env=self.without_microstage())
        self.assertEqual(digests(stranger), self.planes)
        self.assertEqual(self.connect(stranger, store=other)[0]["result"], "unchanged")

    def test_another_clone_joins_and_never_makes_a_second_uuid(self):
        first, = self.connect(self.section)
        self.push(self.section)
        stranger = self.stranger()
        joined, = self.connect(stranger, "--name", "archive")
        self.assertEqual((joined["uuid"], joined["storage"]), (first["uuid"], "capacity-storage"))
        self.assertEqual(len(self.remote_log(stranger)), 2)
        self.assertEqual(self.git(stranger, "config", "remote.archive.datalad-publish-depends"), "capacity-storage")
        self.git(self.section, "annex", "drop", "--force", "planes")
        self.get(stranger)

    def test_a_clone_that_does_not_know_the_remote_must_fetch_first(self):
        stranger = self.stranger()
        first, = self.connect(self.section)
        line = self.refused("microstage", "connect", stranger, "--store", self.store)
        self.assertIn("fetch the git-annex branch", line)
        self.assertEqual(self.git(stranger, "remote"), "origin")
        self.git(stranger, "fetch", "-q", "origin")  # as far as that: connect lets git-annex merge
        self.assertEqual(self.connect(stranger)[0]["uuid"], first["uuid"])

    def test_insteadof_leads_to_the_mount_point(self):
        self.run_ok("git", "config", "--global", f"url.ria+file://{self.store}.insteadOf", "ria+file:///capacity/store")
        result, = self.connect(self.section, store="ria+file:///capacity/store")
        self.assertEqual(result["to"], str(self.place(self.section)))
        self.assertIn(" url=ria+file:///capacity/store ", self.remote_log(self.section)[0])
        self.datalad_push()
        self.get(self.clone())


if __name__ == "__main__":
    main()
