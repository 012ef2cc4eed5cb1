#!/usr/bin/env python3
"""What was moved, when, by whom, and which copies there are: log and where on a real dataset, its clone and its store."""

import hashlib
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, MicrostageTest, main

DAY = 86_400_000_000_000
HOSTILE = "\x1b[2J\rgone‮fdp.exe"


class Log(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.ledger = self.root / "ledger.db"
        self.env["MICROSTAGE_LEDGER"] = str(self.ledger)
        self.now = time.time_ns()

    def record(self, *events):
        lines = ["\t".join(f"{name}={value}" for name, value in event.items()) for event in events]
        subprocess.run([BIN / "record-events", self.ledger], input="".join(line + "\n" for line in lines).encode(),
                       check=True, env=self.env)

    def transfer(self, key, days=0, **more):
        return {"type": "transfer.finished", "time": self.now - days * DAY, "dataset": self.id, "key": key,
                "from": "fast", "to": "capacity", "actor": "alice", "host": "node1", "program": "microstage 0.1.0",
                "verified": "hash", "basis": "claim", "bytes": 1000, **more}

    def rows(self, *words, status=0, **kwargs):
        text = self.run_ok("microstage", *words, "--json", status=status, **kwargs)
        return [json.loads(line) for line in text.splitlines()]

    def log(self, *words):
        return [row["seq"] for row in self.rows("log", *words)]

    def prepare(self):
        """Three planes: the first came and was proven, the second came, the third failed. The last plane is replaced
        in a second commit."""
        self.section = self.make_dataset(planes=3)
        self.id = self.dataset_id(self.section)
        self.init()
        self.connect(self.section, "--alias", "B20_0197")
        self.planes = sorted((self.section / "planes").iterdir())
        self.keys = [plane.readlink().name for plane in self.planes]
        self.push(self.section)
        first = self.git(self.section, "rev-parse", "HEAD")
        self.git(self.section, "rm", "-q", self.planes[2])
        self.git(self.section, "commit", "-q", "-m", "less")
        self.record({"type": "request.made", "time": self.now - 20 * DAY, "request": "r-17", "actor": "bob",
                     "action": "archive", "dataset": self.id},
                    self.transfer(self.keys[0], 10, request="r-17"),
                    self.transfer(self.keys[1], 3),
                    {"type": "object.verified", "time": self.now - 2 * DAY, "dataset": self.id, "key": self.keys[0],
                     "to": "capacity", "verified": "read-back", "basis": "proof", "bytes": 1000},
                    {**self.transfer(self.keys[2], 1, actor="bob"), "type": "transfer.failed", "result": "integrity",
                     "error": HOSTILE},
                    {**self.transfer("SHA256-s5--other", 1), "dataset": "11111111-1111-4111-8111-111111111111"})
        return first

    def test_of_a_dataset_a_plane_a_commit_a_key_a_request(self):
        first = self.prepare()
        plane = str(self.planes[0])
        self.assertEqual(self.log(), [6, 5, 4, 3, 2, 1])
        for words in ([self.section], [self.id], ["B20_0197", "--store", self.store],
                      [self.id, "--store", f"ria+file://{self.store}"], [self.store / "alias/B20_0197"]):
            self.assertEqual(self.log(*words), [5, 4, 3, 2, 1], words)
        for words in ([plane], [self.keys[0]], [self.section, "--path", f"planes/{self.planes[0].name}"],
                      ["B20_0197", "--store", self.store, "--path", f"planes/{self.planes[0].name}"]):
            self.assertEqual(self.log(*words), [4, 2], words)
        # What is not in the working tree any more is in the commit.
        lost = self.planes[2]
        self.refused("microstage", "log", lost, status=3)
        self.assertEqual(self.log(lost, "--at", first), [5])
        self.assertEqual(self.log(self.section, "--at", first), [5, 4, 3, 2])
        self.assertEqual(self.log(self.section, "--at", "HEAD"), [4, 3, 2])
        self.assertEqual(self.log(self.section / "planes", "--at", first[:12]), [5, 4, 3, 2])
        self.assertEqual(self.log("r-17"), [2, 1])
        self.assertEqual(self.log(self.section, "--request", "r-17", "--type", "transfer"), [2])
        self.filters()
        self.people()
        self.copies(first)
        self.errors()

    def filters(self):
        self.assertEqual(self.log("--user", "bob"), [5, 1])
        self.assertEqual(self.log("--result", "failed"), [5])
        self.assertEqual(self.log("--result", "integrity", "--host", "node1", "--tier", "capacity"), [5])
        self.assertEqual(self.log("--since", "5d"), [6, 5, 4, 3])
        self.assertEqual(self.log("--since", "15d", "--until", "5d"), [2])
        self.assertEqual(self.log("--text", "FDP.EXE"), [5])
        self.assertEqual(self.log("--limit", "2"), [6, 5])
        self.assertEqual(self.log("--limit", "2", "--before", "5"), [4, 3])
        row = self.rows("log", self.planes[0])[0]
        self.assertEqual({name: row[name] for name in ("seq", "type", "dataset", "key", "path", "bytes", "to", "basis")},
                         {"seq": 4, "type": "object.verified", "dataset": self.id, "key": self.keys[0],
                          "path": f"planes/{self.planes[0].name}", "bytes": 1000, "to": "capacity", "basis": "proof"})
        self.assertEqual(row["prev"], self.rows("log", "--before", "4", "--limit", "1")[0]["hash"])
        self.assertRegex(row["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertEqual(self.rows("log", "--limit", "1", "--result", "failed")[0]["error"], HOSTILE)
        totals = self.rows("log", "--user", "alice", "--since", "7d", "--totals")
        self.assertEqual(totals, [{"type": "totals", "actor": "alice", "to": "capacity", "files": 2, "bytes": 2000,
                                   "failures": 0, "removed_files": 0, "removed_bytes": 0}])

    def people(self):
        for width in (80, 100, 200):
            text = self.run_ok("microstage", "log", env={**self.env, "COLUMNS": str(width)})
            self.assertTrue(all(ord(c) >= 32 and c != "‮" for line in text.splitlines() for c in line), text)
            self.assertLessEqual(max(map(len, text.splitlines())), width, text)
        self.assertIn("\\x1b[2J", text)
        self.assertIn("older ones: the same with --before 5", self.run_ok("microstage", "log", "--limit", "2"))
        self.assertIn("alice", self.run_ok("microstage", "log", "--totals"))
        self.assertEqual(self.run_ok("microstage", "log", "--user", "nobody"), "no events\n")

    def copies(self, first):
        rows = self.rows("where", self.planes[0])
        self.assertEqual([(row["type"], row["to"], row["evidence"], row["seq"]) for row in rows],
                         [("copy", "capacity", 4, 4)])
        self.assertNotIn("proven", self.rows("where", self.keys[1])[0])
        whole = self.rows("where", "B20_0197", "--store", self.store)
        self.assertEqual([(row["type"], row["key"]) for row in whole],
                         [("copy", self.keys[0]), ("copy", self.keys[1]), ("missing", self.keys[2])])
        self.assertEqual([row["type"] for row in self.rows("where", self.section, "--at", first)],
                         ["copy", "copy", "missing"])
        text = self.run_ok("microstage", "where", "B20_0197", "--store", self.store)
        self.assertRegex(text, r"capacity +2 of 3 .* 1 +\d{4}-")
        self.assertIn("1 of 3 keys: the ledger knows of no copy", text)
        self.assertIn("never", self.run_ok("microstage", "where", self.section, "--files"))

    def errors(self):
        for words in (["log", "B20_0197"], ["log", "nothing"], ["where", "r-17"], ["log", "SHA256-s1--unknown"],
                      ["log", "/nowhere/at/all"], ["log", self.section, "--at", "no-such-commit"],
                      ["log", self.section / ".gitattributes"], ["log", self.section, "--path", "no/such"],
                      ["log", "--ledger", self.root / "none.db"], ["where", "x", "--ledger", self.root / "none.db"]):
            self.refused("microstage", *words, status=3)
        for words in (["log", "--since", "soon"], ["log", "--at", "HEAD"], ["log", "--limit", "x"], ["where"],
                      ["log", "--limit", "-1"], ["log", "--before", "1.5"], ["log", ""], ["where", ""],
                      ["log", "--user", ""], ["log", "--tier", ""]):
            self.refused("microstage", *words, status=2)
        self.refused("microstage", "log", "--type", "transfers")
        self.refused("microstage", "log", "--result", "good")
        for words in (["log"], ["log", "--json"], ["where", self.section], ["ledger", "verify"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                result = subprocess.run([BIN / "microstage", *map(str, words)], env=self.env, stdout=full,
                                        stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1), (words, result))
            self.assertIn("No space left on device", result.stderr)
        (self.root / "text").write_text("no ledger\n" * 200)
        self.refused("microstage", "log", "--ledger", self.root / "text")

    def test_reading_changes_nothing_and_finds_the_users_own(self):
        self.id = "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01"
        self.record(*(self.transfer(f"SHA256-s5--{number}") for number in range(20)))
        before = hashlib.sha256(self.ledger.read_bytes()).hexdigest()
        self.assertEqual(len(self.log()), 20)
        self.assertEqual(len(self.log(self.id)), 20)
        self.assertEqual(hashlib.sha256(self.ledger.read_bytes()).hexdigest(), before)
        own = self.root / "state/microstage/ledger.db"
        own.parent.mkdir(parents=True)
        self.ledger.rename(own)
        env = {name: value for name, value in self.env.items() if name != "MICROSTAGE_LEDGER"}
        self.assertEqual(len(self.rows("log", env={**env, "XDG_STATE_HOME": str(self.root / "state")})), 20)
        self.assertEqual(len(self.rows("log", "--ledger", own, env=env)), 20)


if __name__ == "__main__":
    main()
