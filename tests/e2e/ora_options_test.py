#!/usr/bin/env python3
"""ORA's options with our program in ORA's place: what DataLad's own honours ours does too, or a line says why not."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import digests, main  # noqa: E402
from ora_testing import OraTest  # noqa: E402


class Options(OraTest):
    def make_section(self):
        self.section = self.make_dataset(planes=1)
        self.planes = digests(self.section)

    def stored(self):
        self.section = self.make_stored_section(1)
        self.planes = digests(self.section)

    def test_error_log(self):
        for env, name in ((self.ours, "ours"), (self.stock, "stock")):
            with self.subTest(name):
                self.store = self.root / f"store-{name}"
                self.url = f"ria+file://{self.store}"
                section = self.make_dataset(name, planes=1)
                self.create(env, section)
                self.datalad_push(env, section)
                (self.store / "ria-layout-version").write_text("1|l\n")
                self.annex_drop(env, section)
                plane, = self.git(section, "ls-files", "planes").splitlines()
                key = self.git(section, "annex", "lookupkey", plane)
                self.object(section, key).unlink()
                self.datalad(env, "get", ".", cwd=section, status=1)
                client = self.git(section, "config", "annex.uuid")
                log = self.store / "error_logs" / f"{self.dataset_id(section)}.{client}.log"
                self.assertRegex(log.read_text(), r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?: Error:\n")

    def test_layout_of_a_later_version_needs_force(self):
        self.stored()
        (self.store / "ria-layout-version").write_text("2\n")
        refused = self.said(self.ours, "drop", ".", cwd=self.section, status=1)
        self.assertIn("Unable to access these remotes: capacity-storage", refused)
        self.git(self.section, "config", "remote.capacity-storage.ora-force-write", "true")
        self.annex_drop(self.ours, self.section)
        self.annex_get(self.ours, self.section, self.planes)
        key = self.add(self.section, "later.tif")
        self.datalad_push(self.ours, self.section)
        self.assertTrue(self.object(self.section, key))

    def test_push_url(self):
        self.make_section()
        other = self.root / "writable"
        self.store.mkdir()
        other.symlink_to(self.store)
        self.create(self.ours, self.section, "--push-url", f"ria+file://{other}")
        self.datalad_push(self.ours, self.section)
        self.annex_drop(self.ours, self.section)
        other.unlink()  # reading needs it no more
        self.annex_get(self.ours, self.section, self.planes)
        self.add(self.section, "later.tif")
        self.assertIn(f"the store {other} is not there",
                      self.said(self.ours, "push", "--to", "capacity", cwd=self.section, status=1))

    def test_a_store_behind_ssh(self):
        self.stored()
        self.annex_drop(self.ours, self.section)
        self.git(self.section, "config", "remote.capacity-storage.ora-url", "ria+ssh://host/data/store")
        said = self.said(self.ours, "get", ".", cwd=self.section, status=1)
        self.assertIn("ria+ssh://host/data/store is reached by ssh, which microstage does not speak; mount the store here and "
                      "run 'git config remote.capacity-storage.ora-url ria+file:///ITS/PATH'", said)

    def test_insteadof_and_the_environment(self):
        self.make_section()
        self.run_ok("git", "config", "--global", f"url.ria+file://{self.root}/.insteadOf", "lab:")
        self.url = "lab:store"
        self.create(self.ours, self.section)
        self.url = f"ria+file://{self.store}"
        self.assertIn(f" url={self.url} ", self.remote_log(self.section)[0])
        self.datalad_push(self.ours, self.section)
        self.annex_drop(self.ours, self.section)
        elsewhere = f"ria+file://{self.root}/elsewhere"
        git = {**self.ours, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "remote.capacity-storage.ora-url",
               "GIT_CONFIG_VALUE_0": elsewhere}
        self.assertIn(f"the store {self.root}/elsewhere is not there",
                      self.said(git, "get", ".", cwd=self.section, status=1))
        only_datalad = {**self.ours, "DATALAD_CONFIG_OVERRIDES_JSON":
                        json.dumps({"remote.capacity-storage.ora-url": elsewhere})}
        self.assertIn("DATALAD_CONFIG_OVERRIDES_JSON sets '.ora-",
                      self.said(only_datalad, "get", ".", cwd=self.section, status=1))
        self.annex_get(self.ours, self.section, self.planes)


if __name__ == "__main__":
    main()
