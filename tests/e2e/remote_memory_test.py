#!/usr/bin/env python3
"""The memory of one process of the remote stays below a bound that only the number of its transfers sets."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK, VERIFY_ONCE, AnnexTest, random_bytes
from microstage_testing import is_sanitized, main

MIB = 1 << 20
JOBS = 8
PLANE = 256 * MIB if SOAK else 24 * MIB


def cap(jobs):
    """README, "Memory"."""
    return (16 + 10 * jobs) * MIB


class Memory(AnnexTest):
    def setUp(self):
        super().setUp()
        self.peaks = self.root / "peaks"
        real = shutil.which("git-annex-remote-microstage", path=self.env["PATH"])
        script = ("#!/usr/bin/env python3\nimport resource, subprocess, sys\n"
                  f"status = subprocess.call([{real!r}])\n"
                  "peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss\n"
                  f"open({str(self.peaks)!r}, 'a').write(f'{{peak}}\\n')\nsys.exit(status)\n")
        self.env = self.env_with(self.wrapper_directory(self.root, "git-annex-remote-microstage", script))

    def peak(self):
        """The largest of a remote since the last call, in bytes."""
        peaks = [int(line) * 1024 for line in self.peaks.read_text().splitlines()]
        self.peaks.unlink()
        return max(peaks)

    def test_eight_at_once(self):
        self.make_store()
        clone = self.make_clone(files={f"plane{i}.tif": random_bytes(PLANE, i) for i in range(JOBS)})
        self.annex(clone, "copy", f"-J{JOBS}", "--to", "cap")
        self.assertLess(self.peak(), cap(JOBS))
        for settings in ({}, VERIFY_ONCE):
            with self.subTest(settings=settings):
                self.configure(clone, settings)
                self.annex(clone, "drop", ".")
                self.peaks.unlink(missing_ok=True)
                self.annex(clone, "get", f"-J{JOBS}", "--from", "cap")
                self.assertLess(self.peak(), cap(JOBS))

    def test_one_large_plane(self):
        self.make_store()
        clone = self.make_clone()
        with (clone / "plane.tif").open("wb") as file:
            file.write(random_bytes(8 * MIB, 1))
            file.truncate(10 * 1024 * MIB if SOAK else 200 * MIB)
        self.annex(clone, "add", "plane.tif")
        self.annex(clone, "copy", "--to", "cap")
        self.annex(clone, "drop", ".")
        self.configure(clone, VERIFY_ONCE)
        self.annex(clone, "get", "--from", "cap")
        self.assertLess(self.peak(), cap(1))


if __name__ == "__main__":
    if is_sanitized():
        print("SKIP: a sanitizer's own memory would be measured")
        sys.exit(77)
    main(needs=("git", "git-annex"))
