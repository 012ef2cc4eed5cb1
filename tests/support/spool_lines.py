"""Spools written by hand, as the remote writes them (lib/control/spool.md), and what a ledger made of them."""

import json
import os
import secrets
import sqlite3

PROGRAM = "git-annex-remote-microstage 0.1.0"


def report(number, **more):
    """One transfer of a series that differs in key, time and size."""
    return {"action": "store", "result": "done", "verified": "hashed", "time": 1_795_000_000_000_000 + number,
            "bytes": 65536 + number, "duration": 8323, "uid": 1000, "pid": 1,
            "dataset": "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01", "key": f"SHA256E-s{65536 + number}--{number:064x}.tif",
            "hash": f"sha256:{number:064x}", "clone": "/fast/section", "store": "ria+file:///data/store",
            "program": PROGRAM, "host": "node1", "user": "alice", **more}


class Spool:
    """A file that lines are appended to."""

    def __init__(self, path, uid=None):
        self.path = path
        self.id = secrets.token_hex(16)
        self.size = 0
        self.write({"v": 1, "spool": self.id, "time": 1, "host": "node1", "uid": os.geteuid() if uid is None else uid})

    def raw(self, data):
        with open(self.path, "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(data)
        self.size += len(data)

    def write(self, value):
        self.raw(json.dumps(value).encode() + b"\n")

    def append(self, *reports):
        data = b""
        for value in reports:
            data += json.dumps({"v": 1, "id": f"{self.id}-{self.size + len(data)}", **value}).encode() + b"\n"
        self.raw(data)


TYPES = {40: "transfer.finished", 41: "transfer.failed", 51: "object.found", 55: "object.removed", 12: "request.refused",
         90: "spool.imported"}
NAMES = {"dataset": "dataset", "key": "key", "from": "source", "to": "target", "actor": "actor", "host": "host",
         "program": "program", "verified": "verified", "basis": "basis", "result": "result"}


def events(ledger):
    """The events of a ledger, oldest first, with their names in full."""
    columns = ", ".join(f"(SELECT value FROM text WHERE id = {column})" for column in NAMES.values())
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
        rows = database.execute(f"SELECT type, time, bytes, {columns} FROM event ORDER BY seq").fetchall()
    database.close()
    return [{"type": TYPES[row[0]], "time": row[1], "bytes": row[2],
             **{name: os.fsdecode(value) for name, value in zip(NAMES, row[3:]) if value is not None}} for row in rows]


def transfers(ledger):
    return [event for event in events(ledger) if event["type"] != "spool.imported"]
