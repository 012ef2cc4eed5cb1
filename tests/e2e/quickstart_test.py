#!/usr/bin/env python3
"""examples/quickstart does what the README promises, on the real planes where they are, and leaves nothing behind."""

import os
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import REAL_PLANES, SOURCE, MicrostageTest, main  # noqa: E402


class Quickstart(MicrostageTest):
    def test_takes_a_section_to_the_store_and_back(self):
        planes = ["--planes", REAL_PLANES] if REAL_PLANES.is_dir() else []
        output = self.run_ok(SOURCE / "examples/quickstart", *planes)
        self.assertEqual(output.count("29 planes are the same, byte for byte"), 2, output)
        self.assertIn("every object in the store was read and is good", output)
        # Pushed, got twice, and read once more by fsck.
        taken = re.search(r"took in (\d+) reports from 1 spool files", output)
        self.assertIsNotNone(taken, output)
        self.assertGreaterEqual(int(taken[1]), 3 * 29, output)
        self.assertIn(f"good: {int(taken[1]) + 1} events", output)
        self.assertEqual([path.name for path in self.root.iterdir()], ["home"], "something was left behind")

    def test_says_what_is_wrong_with_its_arguments(self):
        for words in (["--planes", self.root / "nowhere"], ["--frobnicate"]):
            result = self.run_raw(SOURCE / "examples/quickstart", *words)
            self.assertEqual(result.returncode, 2)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)


if __name__ == "__main__":
    # It configures and builds the release preset; beside another preset's tests that would be a second build.
    if pathlib.Path(os.environ["MICROSTAGE_BUILD"]).name != "release":
        print("SKIP: examples/quickstart is tested with the release preset, for that is what it builds")
        sys.exit(77)
    main()
