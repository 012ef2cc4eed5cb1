#!/usr/bin/env python3
"""microstage ledger verify and backup, and the format as its page describes it: the chain is computed once more here,
from nothing but the page."""

import hashlib
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, SOURCE, MicrostageTest, main


def page_rows(heading):
    """The cells of the rows that begin with a number, below a heading of the page."""
    page = (SOURCE / "lib/ledger/events.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
            for line in section.splitlines() if re.match(r"\| \d", line)]


def varint(number):
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def text(value):
    return varint(len(value)) + value


def chain(path):
    """The head, as the page says that it comes about."""
    fields = [(int(row[0]), row[2], row[3]) for row in page_rows("Fields")]
    types = {int(row[0]): (row[1], int(row[2])) for row in page_rows("Types")}
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    database.row_factory = sqlite3.Row
    texts = dict(database.execute("SELECT id, value FROM text"))
    previous, seq = bytes(32), 0
    for row in database.execute("SELECT * FROM event ORDER BY seq"):
        name, version = types[row["type"]]
        seq = row["seq"]
        encoded = b"\x01" + varint(seq) + varint(row["time"]) + text(name.encode()) + varint(version)
        for number, kind, column in fields:
            if not kind.startswith("rare") and row[column] is not None:
                value = row[column]
                encoded += bytes([number]) + (text(texts[value]) if kind == "name" else varint(value))
        previous = hashlib.sha256(previous + encoded + (row["detail"] or b"")).digest()
        if previous != row["hash"]:
            raise AssertionError(f"event {seq} does not match the page")
    database.close()
    return f"{seq}:{previous.hex()}"


class Ledger(MicrostageTest):
    def setUp(self):
        super().setUp()
        self.ledger = self.root / "ledger.db"
        writer = subprocess.Popen([BIN / "ledger_writer", "append", self.ledger], stdout=subprocess.PIPE, text=True)
        while int(writer.stdout.readline()) < 500:
            pass
        os.kill(writer.pid, signal.SIGKILL)
        writer.stdout.close()
        writer.wait()

    def verify(self, *options, **kwargs):
        return json.loads(self.run_ok("microstage", "ledger", "verify", "--ledger", self.ledger, "--json", *options,
                                      **kwargs))

    def test_the_page_is_enough_to_verify(self):
        good = self.verify("--projections")
        self.assertEqual(good["result"], "ok")
        self.assertGreaterEqual(good["seq"], 500)
        head = f"{good['seq']}:{good['hash']}"
        self.assertEqual(chain(self.ledger), head)
        shown = self.run_ok("microstage", "ledger", "verify", "--ledger", self.ledger, "--head", head)
        self.assertIn(f"head {head}\n", shown)
        self.assertIn("1 earlier heads", shown)

    def test_verify_names_what_is_wrong(self):
        head = self.verify()
        database = sqlite3.connect(self.ledger)
        with self.assertRaises(sqlite3.IntegrityError):
            database.execute("UPDATE event SET bytes = 1 WHERE seq = 77")
        with self.assertRaises(sqlite3.IntegrityError):
            database.execute("DELETE FROM event WHERE seq = 77")
        database.execute("DROP TRIGGER event_is_final")
        database.execute("UPDATE event SET bytes = 1 WHERE seq = 77")
        database.commit()
        database.close()
        line = self.refused("microstage", "ledger", "verify", "--ledger", self.ledger)
        self.assertIn("event 77: ", line)
        told = self.run_raw("microstage", "ledger", "verify", "--ledger", self.ledger, "--json")
        self.assertEqual(told.returncode, 1)
        found = json.loads(told.stdout)
        self.assertEqual((found["result"], found["seq"]), ("integrity", 77))
        self.assertNotEqual(head["hash"], bytes(32).hex())

    def test_heads_that_were_kept(self):
        good = self.verify()
        other = f"{good['seq']}:{'0' * 64}"
        self.assertIn("rewritten", self.refused("microstage", "ledger", "verify", "--ledger", self.ledger, "--head", other))
        later = f"{good['seq'] + 1}:{good['hash']}"
        self.assertIn("cut off", self.refused("microstage", "ledger", "verify", "--ledger", self.ledger, "--head", later))
        self.refused("microstage", "ledger", "verify", "--ledger", self.ledger, "--head", "nonsense", status=2)
        anchors = self.root / "ledger.db-heads"
        anchors.write_text(f"{good['seq']}:{good['hash']} 1700000000000000000 0.1.0\n")
        self.assertEqual(self.verify()["heads"], 1)
        anchors.write_text(f"{other} 1700000000000000000 0.1.0\n")
        self.refused("microstage", "ledger", "verify", "--ledger", self.ledger)

    def test_backup(self):
        copies = self.root / "copies"
        copies.mkdir()
        copy = copies / "ledger.db"
        made = json.loads(self.run_ok("microstage", "ledger", "backup", copy, "--ledger", self.ledger, "--json"))
        good = self.verify()
        self.assertEqual((made["seq"], made["hash"]), (good["seq"], good["hash"]))
        self.assertEqual([path.name for path in copies.iterdir()], ["ledger.db"])
        # Somebody who may only read can query it where he cannot write.
        copies.chmod(0o555)
        if os.geteuid() == 0:
            self.run_ok("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BIN / "microstage", "ledger",
                        "verify", "--ledger", copy)
        self.assertEqual([path.name for path in copies.iterdir()], ["ledger.db"])
        self.assertEqual(chain(copy), f"{good['seq']}:{good['hash']}")
        copies.chmod(0o755)
        self.refused("microstage", "ledger", "backup", self.ledger, "--ledger", self.ledger)
        self.refused("microstage", "ledger", "backup", self.root / "none/copy", "--ledger", self.ledger, status=3)
        self.refused("microstage", "ledger", "backup", copy, "--ledger", self.root / "none.db", status=3)

    def test_reading_leaves_the_log_to_its_writer(self):
        """verify and backup beside a killed writer neither checkpoint nor shrink its log."""
        log = pathlib.Path(f"{self.ledger}-wal")
        before = (log.read_bytes(), self.ledger.read_bytes())
        self.assertGreater(len(before[0]), 0)
        self.verify()
        self.run_ok("microstage", "ledger", "backup", self.root / "copy.db", "--ledger", self.ledger)
        self.assertEqual((log.read_bytes(), self.ledger.read_bytes()), before)

    def test_where_the_ledger_is(self):
        state = self.root / "state"
        (state / "microstage").mkdir(parents=True)
        env = {**self.env, "XDG_STATE_HOME": str(state)}
        self.run_ok("microstage", "ledger", "backup", state / "microstage/ledger.db", "--ledger", self.ledger)
        told = json.loads(self.run_ok("microstage", "ledger", "verify", "--json", env=env))
        self.assertEqual(told["path"], str(state / "microstage/ledger.db"))
        none = self.run_raw("microstage", "ledger", "verify", env={**env, "XDG_STATE_HOME": str(self.root / "other")})
        if not pathlib.Path("/var/lib/microstage/ledger.db").exists():
            self.assertEqual(none.returncode, 3)
            self.assertIn("/var/lib/microstage/ledger.db", none.stderr)


if __name__ == "__main__":
    main(needs=())
