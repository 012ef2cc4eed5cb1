#!/usr/bin/env python3
"""Stock DataLad and microstage on two sides of one nginx: we read by http what DataLad's ORA remote stored, and ORA reads
by http what we stored."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import VERIFY_ONCE
from http_bench import needs_nginx
from microstage_testing import BIN, MicrostageTest, digests, main
from web_servers import Nginx


class HttpDatalad(MicrostageTest):
    def serve(self):
        server = Nginx(self.root / "nginx", self.store)
        self.addCleanup(server.stop)
        return server.start()

    def without_us(self):
        """No program of ours in PATH."""
        tools = ":".join(place for place in self.env["PATH"].split(":") if pathlib.Path(place) != BIN)
        return {**self.env, "PATH": tools}

    def test_we_read_what_ora_stored(self):
        section = self.make_dataset(planes=3)
        self.run_ok("datalad", "create-sibling-ria", "-d", section, "-s", "store", "--new-store-ok",
                    f"ria+file://{self.store}")
        self.run_ok("datalad", "push", "-d", section, "--to", "store")
        self.git(self.place(section), "update-server-info")  # what git needs of a server that knows no git
        server = self.serve()
        clone = self.root / "clone"
        self.run_ok("datalad", "clone", f"ria+{server.url}#{self.dataset_id(section)}", clone)
        # DataLad has set remote.store-storage.ora-url to the server; from here on the remote is ours.
        self.git(clone, "config", "remote.store-storage.annex-externaltype", "microstage")
        for settings in ({}, {name.replace(".cap.", ".store-storage."): value for name, value in VERIFY_ONCE.items()}):
            for name, value in settings.items():
                self.git(clone, "config", name, value)
            self.git(clone, "annex", "get", "-J2", ".")
            self.assertEqual(digests(clone), digests(section))
            self.git(clone, "annex", "fsck", "--quiet", "--from", "store-storage", "--fast")
            self.git(clone, "annex", "drop", ".")  # asks whether the store has each object
        self.assertTrue([line for line in server.requests() if line.startswith("HEAD") and "/annex/objects/" in line])

    def test_ora_reads_what_we_stored(self):
        section = self.make_dataset(planes=2)
        self.init()
        self.connect(section, "--http")
        self.push(section)
        server = self.serve()
        clone = self.root / "clone"
        url = f"ria+{server.url}#{self.dataset_id(section)}"
        self.run_ok("datalad", "clone", url, clone, env=self.without_us())
        self.git(clone, "config", "remote.capacity-ora.ora-url", f"ria+{server.url}")
        self.run_ok("datalad", "get", "-d", clone, ".", cwd=clone, env=self.without_us())
        self.assertEqual(digests(clone), digests(section))
        # And ours, in a clone by http of its own.
        again = self.root / "again"
        self.run_ok("datalad", "clone", url, again)
        self.git(again, "config", "remote.capacity-storage.ora-url", f"ria+{server.url}")
        self.run_ok("datalad", "get", "-d", again, "-s", "capacity-storage", ".", cwd=again)
        self.assertEqual(digests(again), digests(section))


if __name__ == "__main__":
    needs_nginx()
    main()
