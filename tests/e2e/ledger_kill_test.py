#!/usr/bin/env python3
"""kill -9 of a program that appends to a ledger, at random moments: the ledger opens, verifies, holds every event that
was acknowledged, and its projections are those of its events. MICROSTAGE_SEED repeats a run."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import BIN, MicrostageTest, main

SOAK = bool(os.environ.get("MICROSTAGE_SOAK"))
ROUNDS = int(os.environ.get("MICROSTAGE_ROUNDS", 300 if SOAK else 25))
SEED = int(os.environ.get("MICROSTAGE_SEED", random.randrange(1 << 32)))


class Kill(MicrostageTest):
    def append_and_kill(self, ledger, delay):
        """The last event that was acknowledged, 0 for none."""
        writer = subprocess.Popen([BIN / "ledger_writer", "append", ledger], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        self.assertIsNone(writer.poll(), "the writer ended by itself")
        os.kill(writer.pid, signal.SIGKILL)
        said, errors = writer.communicate()
        self.assertEqual(errors, "")
        lines = [line for line in said.splitlines(keepends=True) if line.endswith("\n")]
        return int(lines[-1]) if lines else 0

    def test_nothing_acknowledged_is_lost(self):
        print(f"MICROSTAGE_SEED={SEED} MICROSTAGE_ROUNDS={ROUNDS}", flush=True)
        chance = random.Random(SEED)
        ledger, acknowledged, busy, size = self.root / "ledger.db", 0, 0, 0
        for number in range(ROUNDS):
            if size > 20_000:  # a new one now and then: its making is killed too, and looking through it stays quick
                ledger, acknowledged = self.root / f"ledger{number}.db", 0
            last = self.append_and_kill(ledger, chance.choice([0.02, 0.1, 0.3]) * chance.random() + 0.002)
            busy += bool(last)
            acknowledged = max(acknowledged, last)
            if not ledger.exists() or not acknowledged:
                continue
            size = int(self.run_ok(BIN / "ledger_writer", "check", ledger))
            self.assertGreaterEqual(size, acknowledged)
            self.run_ok("microstage", "ledger", "verify", "--projections", "--ledger", ledger)
        self.assertGreater(busy, ROUNDS // 4, "most kills met a writer that had written nothing yet")


if __name__ == "__main__":
    main(needs=())
