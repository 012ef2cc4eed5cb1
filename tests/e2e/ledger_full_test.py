#!/usr/bin/env python3
"""A real file system that runs out of bytes under the ledger: one clear line, nothing half-written, room for the event
that work has stopped, and everything goes on when there is room."""

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from file_systems import MIB, cannot_mount, mount
from microstage_testing import BIN, MicrostageTest, main


class Full(MicrostageTest):
    def test_full_and_on_again(self):
        place = mount(self, "state")
        with (place / "ballast").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, 6 * MIB)
        ledger = place / "ledger.db"
        writer = subprocess.Popen([BIN / "ledger_writer", "fill", ledger], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(writer.communicate)
        full = int(writer.stdout.readline().split()[-1])
        self.assertGreater(full, 1000)
        paused = writer.stdout.readline()
        self.assertEqual(paused, f"paused {full + 1}\n")
        self.assertFalse((place / "ledger.db-reserve").exists())
        # Whoever looks now finds whole transactions only.
        self.run_ok("microstage", "ledger", "verify", "--projections", "--ledger", ledger)
        (place / "ballast").unlink()
        writer.stdin.write("there is room\n")
        writer.stdin.flush()
        self.assertEqual(writer.stdout.readline(), f"went on {full + 1 + 1000}\n")
        _, errors = writer.communicate()
        self.assertEqual(writer.returncode, 0, errors)
        self.assertEqual(errors.count("\n"), 1, errors)
        self.assertRegex(errors, r"^space-bytes: .*nothing of this was recorded\. Make room")
        self.assertEqual((place / "ledger.db-reserve").stat().st_size, 4 * MIB)
        self.run_ok("microstage", "ledger", "verify", "--projections", "--ledger", ledger)


if __name__ == "__main__":
    if reason := cannot_mount():
        print("SKIP:", reason)
        sys.exit(77)
    main(needs=())
