#!/usr/bin/env python3
"""cfg_microstage: connecting from datalad create -c and datalad run-procedure, found where the install puts it."""

import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import SOURCE, MicrostageTest, digests, main


class Procedure(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.init()
        procedures = self.root / "etc/xdg/datalad/procedures"
        procedures.mkdir(parents=True)
        shutil.copy(SOURCE / "packaging/procedures/cfg_microstage.sh", procedures)
        self.env["XDG_CONFIG_DIRS"] = str(self.root / "etc/xdg")

    def configure(self):
        self.run_ok("git", "config", "--global", "datalad.microstage.store", f"ria+file://{self.store}")

    def test_create_connects(self):
        self.configure()
        section = self.root / "section"
        self.run_ok("datalad", "create", "-c", "microstage", section)
        self.make_planes(section / "planes")
        self.run_ok("datalad", "save", "-d", section)
        self.run_ok("datalad", "push", "-d", section, "--to", "capacity")
        planes = digests(section)
        self.run_ok("datalad", "drop", "-d", section, section / "planes")
        self.run_ok("datalad", "get", "-d", section, section / "planes")
        self.assertEqual(digests(section), planes)
        self.assertEqual((self.place(section) / "HEAD").read_text(), "ref: refs/heads/main\n")

    def test_run_procedure_takes_a_store_and_options(self):
        section = self.make_dataset()
        self.run_ok("datalad", "run-procedure", "-d", section, "cfg_microstage", self.store, "--alias", "B20_0197",
                    "--name", "archive")
        self.assertTrue((self.store / "alias/B20_0197/HEAD").exists())
        self.assertIn("archive-storage", self.git(section, "remote").split())
        self.configure()
        self.run_ok("datalad", "run-procedure", "-d", section, "cfg_microstage", "--alias", "B2", "--name", "archive")
        self.assertTrue((self.store / "alias/B2/HEAD").exists())

    def test_says_what_is_missing(self):
        section = self.make_dataset()
        result = self.run_raw("datalad", "run-procedure", "-d", section, "cfg_microstage")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("no store: name one", result.stdout + result.stderr)
        # A dataset must not choose where its content goes.
        with open(section / ".datalad/config", "a") as config:
            config.write(f'[datalad "microstage"]\n\tstore = {self.store}\n')
        self.assertNotEqual(self.run_raw("datalad", "run-procedure", "-d", section, "cfg_microstage").returncode, 0)

    def test_listed(self):
        self.assertIn("cfg_microstage", self.run_ok("datalad", "run-procedure", "--discover"))


if __name__ == "__main__":
    main()
