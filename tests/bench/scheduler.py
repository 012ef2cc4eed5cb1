"""The scheduler's row of the design's table: the core alone, with many transfers open."""

import os

from ledger import line
from rig import run


def bench_scheduler(stand, env, options):
    jobs = 200 if options.quick else 8000
    words = run([os.path.join(options.bin, "scheduler_bench"), str(jobs), "29"], stand.fast, env).split()
    found = {name: float(value) for name, value in zip(words[::2], words[1::2])}
    title = f"scheduler, {jobs * 29} open transfers"
    for name in ("decision", "decision_when_full"):
        slowest = found[name + "_max_us"] / 1000
        line(f"{title}: {name.replace('_', ' ')}", slowest, "ms", "1", 1 / slowest,
             f"[the slowest; median {found[name + '_median_us'] / 1000:.3f}; processor time]")
    line(f"{title}: memory", found["peak_mib"], "MiB", "300", 300 / found["peak_mib"])
    line(f"{title}: restart", found["restart_s"], "s", "10", 10 / max(found["restart_s"], 1e-3))
