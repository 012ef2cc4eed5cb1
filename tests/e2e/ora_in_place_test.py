#!/usr/bin/env python3
"""Our program in ORA's place: DataLad's own remote is hidden, ours has its name, and stock DataLad creates, pushes,
clones, gets and drops as ever. And what we stored DataLad's own reads, and the other way round."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, digests, main, remove_tree  # noqa: E402
from ora_testing import ORA, ORA_COMPAT, OraTest  # noqa: E402
from web_servers import Nginx  # noqa: E402


class InPlace(OraTest):
    def prepare(self, stored=True):
        """A section, in the store or yet to be stored."""
        self.section = self.make_stored_section(3) if stored else self.make_dataset(planes=3)
        self.planes = digests(self.section)

    def served_by(self, env, repository, remote="capacity-storage"):
        return json.loads(self.annex(env, repository, "info", "--fast", "--json", remote)).get("served by")

    def test_the_main_job(self):
        self.prepare(stored=False)
        self.create(self.ours, self.section, "--alias", "B20_0197")
        self.assertRegex(self.served_by(self.ours, self.section), r"^microstage \d")
        self.datalad_push(self.ours, self.section)
        clone = self.root / "clone"
        self.datalad(self.ours, "clone", self.url + "#~B20_0197", clone)
        self.assertEqual(self.get(self.ours, clone, self.planes), {"from capacity-storage..."})
        self.drop(self.ours, clone)
        self.get(self.ours, clone, self.planes, "-J2")
        siblings = {record["name"]: record for record in self.datalad(self.ours, "siblings", cwd=clone)}
        self.assertEqual(set(siblings), {"here", "origin", "capacity-storage"})
        self.assertEqual(siblings["capacity-storage"]["annex-externaltype"], "ora")
        # A plain push from the clone takes its content along.
        key = self.add(clone, "masks.tif")
        self.datalad(self.ours, "push", "--to", "origin", cwd=clone)
        self.assertTrue(self.object(clone, key))
        self.assertEqual(self.annex(self.ours, clone, "fsck", "--from", "capacity-storage", "--quiet"), "")
        # Creating it again reconfigures it.
        uuid = self.git(self.section, "config", "remote.capacity-storage.annex-uuid")
        self.create(self.ours, self.section, "--existing", "reconfigure")
        self.assertEqual(self.git(self.section, "config", "remote.capacity-storage.annex-uuid"), uuid)
        self.assertEqual({line.split()[0] for line in self.remote_log(self.section)}, {uuid})

    def test_subdatasets_come_from_the_same_store(self):
        brain = self.make_dataset("brain")
        self.add_subdataset(brain, brain / "B20_0001")
        (brain / "B20_0001/plane.tif").write_bytes(os.urandom(30_000))
        self.save(brain / "B20_0001")
        self.save(brain)
        wanted = digests(brain)
        self.create(self.ours, brain, "-r")
        self.datalad(self.ours, "push", "-r", "-d", brain, "--to", "capacity")
        clone = self.clone(self.ours, brain, "clone")
        self.datalad(self.ours, "get", "-r", ".", cwd=clone)
        self.assertEqual(digests(clone), wanted)

    def test_a_sealed_dataset(self):
        self.prepare()
        archive = self.place(self.section) / "archives/archive.7z"
        self.run_ok("datalad", "export-archive-ora", "-d", self.section, archive, env=self.stock)
        remove_tree(self.place(self.section) / "annex/objects")
        clone = self.clone(self.ours, self.section, "clone")
        self.get(self.ours, clone, self.planes)
        self.annex_drop(self.ours, clone)
        self.annex_get(self.stock, clone, self.planes)
        self.annex_drop(self.stock, clone)
        key = self.add(clone, "masks.tif")  # loose, beside what is sealed
        self.datalad(self.ours, "push", "--to", "origin", cwd=clone)
        self.assertTrue(self.object(clone, key))
        self.assertEqual(self.annex(self.ours, clone, "fsck", "--from", "capacity-storage", "--quiet"), "")

    def test_a_clone_by_http(self):
        self.prepare()
        self.git(self.place(self.section), "update-server-info")  # what git needs of a server that knows no git
        server = Nginx(self.root / "nginx", self.store)
        self.addCleanup(server.stop)
        server.start()
        clone = self.clone(self.ours, self.section, "clone", url=f"ria+{server.url}")
        self.assertRegex(self.served_by(self.ours, clone), r"^microstage \d")
        self.get(self.ours, clone, self.planes)
        self.assertTrue(any("/annex/objects/" in line for line in server.requests()), "not read by http")
        self.annex_drop(self.ours, clone)
        siblings = {record["name"] for record in self.datalad(self.ours, "siblings", cwd=clone)}
        self.assertEqual(siblings, {"here", "origin", "capacity-storage"})
        self.add(clone, "masks.tif")
        said = self.said(self.ours, "push", "--to", "capacity-storage", "--data", "anything", cwd=clone, status=1)
        self.assertIn("is for reading only: to store and remove, set push-url", said)

    def test_a_second_uuid_for_the_same_objects_is_refused(self):
        self.prepare()
        record, = [record for record in self.datalad(
            self.ours, "create-sibling-ria", "-d", self.section, "-s", "again", "--existing", "reconfigure", self.url,
            status=1) if record["action"] == "create-sibling-ria"]
        uuid = self.git(self.section, "config", "remote.capacity-storage.annex-uuid")
        self.assertIn(f"already is the content of the remote {uuid}", record["message"])

    def test_only_the_storage_sibling(self):
        self.prepare(stored=False)
        self.create(self.ours, self.section, "--storage-sibling", "only")
        self.datalad(self.ours, "push", "-d", self.section, "--to", "capacity", "--data", "anything")
        self.annex_drop(self.ours, self.section)
        self.annex_get(self.ours, self.section, self.planes)

    def test_what_is_not_there_is_not_dropped_and_the_user_reads_why(self):
        self.prepare()
        self.store.rename(self.root / "unmounted")
        line = f"the store {self.store} is not there; is its file system mounted on this machine?"
        told = {**self.ours, "DATALAD_LOG_LEVEL": "info"}  # as it is for people
        self.assertEqual(self.said(told, "drop", ".", cwd=self.section, status=1).count(line), 1)
        self.assertEqual(digests(self.section), self.planes)
        self.datalad(self.ours, "drop", "--reckless", "availability", ".", cwd=self.section)
        self.assertIn(line, self.said(self.ours, "get", ".", cwd=self.section, status=1))
        (self.root / "unmounted").rename(self.store)
        self.get(self.ours, self.section, self.planes)

    def test_clone_through_another_path_is_reconfigured(self):
        self.prepare()
        other = self.root / "mnt"
        self.store.rename(other)
        clone = self.clone(self.ours, self.section, "clone", url=f"ria+file://{other}")
        self.assertEqual(self.git(clone, "config", "remote.capacity-storage.ora-url"), f"ria+file://{other}")
        self.get(self.ours, clone, self.planes)
        key = self.add(clone, "masks.tif")
        self.datalad(self.ours, "push", "--to", "origin", cwd=clone)
        self.store = other
        self.assertTrue(self.object(clone, key))

    def test_a_store_in_a_directory_with_a_blank(self):
        self.store = self.root / "my store"
        self.url = f"ria+file://{self.root}/my%20store"
        self.prepare(stored=False)
        self.create(self.ours, self.section)
        self.datalad_push(self.ours, self.section)
        clone = self.clone(self.stock, self.section, "clone")
        for env in (self.ours, self.stock):
            self.annex_get(env, clone, self.planes)
            self.annex_drop(env, clone)

    def test_a_clone_switched_to_ours_and_back(self):
        self.prepare(stored=False)
        self.create(self.stock, self.section)
        self.datalad_push(self.stock, self.section)
        clone = self.clone(self.both, self.section, "clone")
        self.assertIsNone(self.served_by(self.both, clone))
        self.git(clone, "config", "remote.capacity-storage.annex-externaltype", "microstage")
        self.assertRegex(self.served_by(self.both, clone), r"^microstage \d")
        self.annex_get(self.both, clone, self.planes)
        key = self.add(clone, "masks.tif")
        wanted = digests(clone)
        self.datalad(self.both, "push", "--to", "origin", cwd=clone)
        self.assertTrue(self.object(clone, key))
        self.annex_drop(self.both, clone)
        self.git(clone, "config", "remote.capacity-storage.annex-externaltype", "ora")
        self.assertIsNone(self.served_by(self.both, clone))
        self.annex_get(self.both, clone, wanted)


class ReadOnly(OraTest):
    """A store that somebody may read and not write: get and drop work, a push says what is in the way."""

    USER = 20011

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("another account is needed")
        self.section = self.make_stored_section(3)
        self.planes = digests(self.section)

    def as_user(self, *command):
        home = self.root / "reader"
        env = {**self.environment(home), "PATH": self.ours["PATH"], "TMPDIR": str(home)}
        self.run_ok("git", "config", "--global", "--add", "safe.directory", "*", env=env)
        subprocess.run(["chown", "-R", str(self.USER), home], check=True)
        return self.run_raw("setpriv", f"--reuid={self.USER}", f"--regid={self.USER}", "--clear-groups", "--", *command,
                            env=env, cwd=home)

    def test_is_read_and_never_written(self):
        if self.as_user(BIN / "git-annex-remote-microstage", "--version").returncode != 0:
            self.skipTest("the build is not readable by other accounts")
        clone = self.root / "reader/clone"
        before = self.snapshot(self.store)
        for command in (["datalad", "clone", f"{self.url}#{self.dataset_id(self.section)}", clone],
                        ["datalad", "-C", clone, "get", clone], ["git", "-C", clone, "annex", "drop", "."],
                        ["git", "-C", clone, "annex", "get", "."]):
            result = self.as_user(*command)
            self.assertEqual(result.returncode, 0, (command, result.stdout, result.stderr))
        self.assertEqual(digests(clone), self.planes)
        self.as_user("sh", "-c", f"echo new > {clone}/new.txt")
        self.as_user("datalad", "-C", clone, "save")
        result = self.as_user("datalad", "-C", clone, "push", "--to", "origin")
        self.assertNotEqual(result.returncode, 0)
        said = result.stdout + result.stderr
        self.assertIn("cannot store MD5E-s4--", said)
        self.assertIn("Permission denied; ask who owns it for access", said)
        self.assertEqual(self.snapshot(self.store), before)


class EachOther(OraTest):
    """DataLad's own remote and ours on the same objects, in both layouts."""

    def layouts(self):
        for version in ("2", "1"):
            with self.subTest(layout=version):
                self.store = self.root / f"store-{version}"
                self.url = f"ria+file://{self.store}"
                section = self.make_dataset(f"section-{version}", planes=1)
                self.create(self.stock, section)
                # Before any object is there: create-sibling-ria itself writes only version 2.
                (self.place(section) / "ria-layout-version").write_text(version + "\n")
                yield section, version

    def test_read_what_the_other_stored(self):
        for section, version in self.layouts():
            theirs = self.add(section, "theirs.tif")
            self.annex(self.stock, section, "copy", "--to", "capacity-storage", "theirs.tif")
            ours = self.add(section, "ours.tif")
            self.datalad_push(self.ours, section)  # what is not there yet
            wanted = digests(section)
            self.assertEqual(len(wanted), 3, wanted)
            hashes = "hashdirlower" if version == "1" else "hashdirmixed"
            for key in (ours, theirs):
                below = self.annex(self.stock, section, "examinekey", "--format=${%s}" % hashes, key)
                path = self.place(section) / "annex/objects" / below.strip("/") / key / key
                self.assertTrue(path.is_file(), path)
            clone = self.clone(self.stock if version == "2" else self.ours, section, f"clone-{version}")
            for env in (self.stock, self.ours):
                self.annex_get(env, clone, wanted)
                self.assertEqual(self.annex(env, clone, "fsck", "--from", "capacity-storage", "--quiet"), "")
                self.annex_drop(env, clone)
            # Each removes what the other stored.
            self.annex(self.stock, section, "drop", "--from", "capacity-storage", "ours.tif")
            self.annex(self.ours, section, "drop", "--from", "capacity-storage", "theirs.tif")
            self.assertIsNone(self.object(section, ours))
            self.assertIsNone(self.object(section, theirs))


class Installed(OraTest):
    def test_the_private_directory_and_nothing_in_bin(self):
        build = os.environ["MICROSTAGE_BUILD"]
        prefix = self.root / "usr"
        self.run_ok("cmake", f"-DCMAKE_INSTALL_PREFIX={prefix}", "-P", f"{build}/remote/cmake_install.cmake")
        self.assertEqual(os.listdir(prefix / "bin"), ["git-annex-remote-microstage"])
        compat = prefix / "libexec/microstage/ora-compat"
        for name in (ORA, "git-annex-remote-microstage"):
            self.assertTrue((compat / name).samefile(prefix / "bin/git-annex-remote-microstage"))
            self.assertFalse(os.path.isabs(os.readlink(compat / name)), "a link that moving the prefix would break")
            self.assertTrue((ORA_COMPAT / name).samefile(BIN / "git-annex-remote-microstage"))
        self.assertFalse((BIN / ORA).exists())


if __name__ == "__main__":
    main(("git", "git-annex", "datalad", "cmake"))
