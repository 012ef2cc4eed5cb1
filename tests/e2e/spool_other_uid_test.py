#!/usr/bin/env python3
"""A site's spool that several accounts write to and a service account takes in: whose word a report is, is told by the file's
owner, and neither forged lines nor planted links change that. Runs as root, to have other accounts."""

import json
import os
import pathlib
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import AnnexTest, random_bytes
from microstage_testing import BIN, main
from spool_lines import Spool, report, transfers

ALICE, BOB, SERVICE = 20001, 20002, 20003
PLANE = random_bytes(5_000, 1)


class OtherUid(AnnexTest):
    def setUp(self):
        super().setUp()
        self.homes = {}
        for uid in (ALICE, BOB, SERVICE):
            home = self.root / f"home-{uid}"
            self.homes[uid] = {**self.environment(home), "TMPDIR": str(home), "MICROSTAGE_SPOOL": str(self.root / "site")}
            self.run_ok("chown", "-R", f"{uid}:{uid}", home)
        probe = self.as_user(ALICE, "microstage", "--version")
        if probe.returncode != 0:
            print("SKIP: other accounts cannot run", BIN, probe.stderr)
            self.skipTest("the build is not readable by other accounts")
        self.site = self.root / "site"
        self.site.mkdir()
        os.chown(self.site, SERVICE, SERVICE)
        self.site.chmod(0o3733)
        self.host = socket.gethostname()[:64]

    def as_user(self, uid, *command):
        return self.run_raw("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--", *command,
                            env=self.homes[uid], cwd="/")

    def as_user_ok(self, uid, *command):
        result = self.as_user(uid, *command)
        self.assertEqual(result.returncode, 0, (command, result))
        return result.stdout

    def store_a_plane(self, uid):
        """One report of that account, which has a store of its own."""
        self.make_store(f"store-{uid}")
        self.run_ok("chown", "-R", f"{uid}:{uid}", self.root / f"store-{uid}")
        clone = self.root / f"home-{uid}/clone"
        script = ("set -e; git init --quiet $1; cd $1; git annex init --quiet x; git annex initremote --quiet cap type=external"
                  " externaltype=microstage encryption=none url=ria+file://$2 archive-id=$3; cp $4 plane;"
                  " git annex add --quiet plane; git annex copy --quiet --to cap plane")
        plane = self.root / f"plane-{uid}"
        plane.write_bytes(PLANE + bytes([uid % 256]))
        self.as_user_ok(uid, "sh", "-c", script, "sh", clone, self.root / f"store-{uid}", "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01", plane)

    def take_in(self, *words):
        result = self.as_user(SERVICE, "microstage", "ledger", "import", "--json", *words, self.site)
        self.assertEqual(result.returncode, 0, result)
        return json.loads(result.stdout.splitlines()[-1]), result.stderr

    def actors(self):
        return [event["actor"] for event in
                transfers(self.root / f"home-{SERVICE}/.local/state/microstage/ledger.db")]

    def test_each_account_has_a_file_that_only_the_service_reads(self):
        self.store_a_plane(ALICE)
        self.store_a_plane(BOB)
        names = sorted(path.name for path in self.site.iterdir())
        self.assertEqual(names, [f"{self.host}-{ALICE}.jsonl", f"{self.host}-{BOB}.jsonl"])
        self.assertNotEqual(self.as_user(BOB, "cat", self.site / names[0]).returncode, 0)
        self.assertNotEqual(self.as_user(BOB, "ls", self.site).returncode, 0)
        self.assertNotEqual(self.as_user(BOB, "rm", "-f", self.site / names[0]).returncode, 0)
        self.assertEqual(self.take_in()[0]["lines"], 2)
        self.assertEqual(self.actors(), [f"uid:{ALICE}", f"uid:{BOB}"])
        self.assertEqual(self.take_in("--remove")[0]["removed"], 2)
        self.assertEqual(list(self.site.iterdir()), [])

    def test_lines_in_anothers_name_are_their_writers(self):
        forged = Spool(self.site / f"{self.host}-{ALICE}.forged.jsonl", uid=BOB)
        forged.append(report(1, user="alice", uid=ALICE))
        os.chown(forged.path, BOB, BOB)
        claims_to_be_hers = Spool(self.site / "hers.jsonl", uid=ALICE)
        claims_to_be_hers.append(report(2, uid=ALICE))
        os.chown(claims_to_be_hers.path, BOB, BOB)
        anybodys = Spool(self.site / "anybodys.jsonl", uid=ALICE)
        anybodys.append(report(3, uid=ALICE))
        os.chown(anybodys.path, ALICE, ALICE)
        anybodys.path.chmod(0o666)
        for path in (forged.path, claims_to_be_hers.path):
            path.chmod(0o644)
        said, errors = self.take_in()
        self.assertEqual((said["lines"], said["refused"]), (1, 2), errors)
        self.assertIn(f"was begun by uid {ALICE}: it is a copy", errors)
        self.assertIn("may be written by others", errors)
        self.assertEqual(self.actors(), [f"uid:{BOB}"])

    def test_planted_links_lead_nowhere(self):
        secret = self.root / "secret"
        secret.write_text("mine\n")
        secret.chmod(0o666)
        for name, target in ((f"{self.host}-{ALICE}.jsonl", secret), (f"{self.host}-{ALICE}.1.jsonl", "/nowhere/at/all"),
                             ("passwd.jsonl", "/etc/passwd")):
            self.as_user_ok(BOB, "ln", "-s", target, self.site / name)
        self.as_user_ok(BOB, "mkfifo", self.site / "pipe.jsonl")
        self.as_user_ok(BOB, "mkdir", self.site / "directory.jsonl")
        self.store_a_plane(ALICE)
        self.assertEqual(secret.read_text(), "mine\n")
        said, errors = self.take_in()
        self.assertEqual((said["lines"], said["refused"]), (1, 5), errors)
        self.assertEqual(self.actors(), [f"uid:{ALICE}"])

    def test_a_squatter_on_every_name_costs_the_place_and_not_the_record(self):
        for n in range(20):
            name = f"{self.host}-{ALICE}{f'.{n}' if n else ''}.jsonl"
            self.as_user_ok(BOB, "touch", self.site / name)
        self.store_a_plane(ALICE)
        own = self.root / f"home-{ALICE}/.local/state/microstage/spool/{self.host}-{ALICE}.jsonl"
        self.assertEqual(len(own.read_text().splitlines()), 2)


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("SKIP: needs root, to have other accounts")
        sys.exit(77)
    main(needs=("git", "git-annex", "setpriv"))
