"""The ledger's row of the design's table: against its goals, and group commit against a commit an event."""

import json
import os

from rig import run


def line(title, value, unit, goal, ratio, rest=""):
    """ratio: above 1 the goal is reached."""
    print(f"{title:<44} {value:10.1f} {unit:<8} goal {goal:<14} ratio {ratio:6.2f}   {rest}", flush=True)


def bench_ledger(stand, env, options):
    directory = os.path.join(stand.fast, "ledger")
    os.mkdir(directory)
    found = json.loads(run([os.path.join(options.bin, "ledger_bench"), directory, str(options.events)], stand.fast, env))
    millions = found["events"] / 1e6
    title = f"ledger, {millions:g} M events"
    line(f"{title}: group commit", found["rate"], "events/s", "20000", found["rate"] / 20000,
         f"[a commit an event: {found['single_rate']:.0f}, {found['rate'] / found['single_rate']:.0f} x; "
         f"processor {found['fill_processor'] / found['events'] * 1e6:.1f} us/event]")
    line(f"{title}: size", found["bytes_per_event"], "B/event", "350", 350 / found["bytes_per_event"],
         f"[{found['bytes'] / 1e6:.0f} MB]")
    line(f"{title}: verify", found["verify_seconds"], "s", "60 for 10 M", 6 * millions / found["verify_seconds"],
         f"[processor {found['verify_processor']:.1f} s]")
    for name in ("key", "dataset", "request", "actor", "host", "tier", "type", "hour", "id"):
        median, slowest = found[name + "_ms"]
        line(f"{title}: newest 50 of a {name}", slowest, "ms", "50", 50 / slowest, f"[the slowest; median {median:.2f}]")
    seconds = found["text_ms"][1] / 1000
    line(f"{title}: a word in the oldest event", seconds, "s", "none", 0, "[every event is looked at]")
    for name in os.listdir(directory):
        os.unlink(os.path.join(directory, name))
