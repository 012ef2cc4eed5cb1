"""The planner against git-annex: what is where, of every section of a store."""

import concurrent.futures
import json
import os
import subprocess
import time

import sections
from rig import run

SAMPLE = 5


def program(options):
    return os.path.join(options.bin, "plan-datasets")


def make_store(stand, env, count):
    store = os.path.join(stand.capacity, "sections")
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        paths = list(pool.map(lambda number: sections.make_section(store, number, env), range(count)))
    print(f"made {count} sections of {sections.PLANES} keys in {time.monotonic() - start:.0f} s", flush=True)
    return paths


def plan(options, paths, env, *words):
    return subprocess.run([program(options), "--threads", str(os.cpu_count()), *words], input="\n".join(paths) + "\n", env=env, text=True, check=True,
                          capture_output=True).stdout.splitlines()


def clones_of(stand, env, paths):
    made = []
    for path in paths:
        clone = os.path.join(stand.fast, os.path.basename(path))
        run(["git", "clone", "-q", path, clone], stand.fast, env)
        run(["git", "annex", "init", "-q", "bench"], clone, env)
        made.append(clone)
    return made


def find_in(clone, env, uuid):
    return sorted(json.loads(line)["key"] for line in
                  run(["git", "annex", "find", "--in", uuid, "--json"], clone, env).splitlines())


def check(options, path, clone, env):
    """The same keys as git-annex says, at each repository that there is."""
    (line,) = plan(options, [path], env, "--json")
    files = json.loads(line)["files"]
    for uuid in (sections.STORE_UUID, *sections.OTHER_UUIDS):
        ours = sorted(file["key"] for file in files if uuid in file["at"])
        if ours != find_in(clone, env, uuid):
            raise SystemExit(f"{path}: the plan and git annex find --in {uuid} differ")


def bench_plan(stand, env, options):
    paths = make_store(stand, env, options.sections)
    sample = paths[::max(1, len(paths) // SAMPLE)][:SAMPLE]  # from all over the store
    clones = clones_of(stand, env, sample)
    for path, clone in zip(sample, clones):
        check(options, path, clone, env)
    start = time.monotonic()
    for clone in clones:
        find_in(clone, env, sections.STORE_UUID)
    theirs = (time.monotonic() - start) / len(clones) * len(paths)
    stand.make_cold()
    cold = float(plan(options, paths, env)[0].split()[0])
    best = min(([float(line.split()[0]) for line in rounds], rounds) for rounds in
               (plan(options, paths, env, "--rounds", "2") for _ in range(options.rounds)))
    (warm, again), last = best[0], best[1][-1].split()
    if int(last[2]) != len(paths) * sections.PLANES or last[4] != "0":
        raise SystemExit(f"planned {last[2]} keys with {last[4]} failures")
    title = f"plan {len(paths)} sections of {sections.PLANES} keys"
    print(f"{title:<44} {warm:8.2f} s   git-annex {theirs:8.2f} s   ratio {theirs / warm:5.0f}   goal 50, and 10 s for 8000"
          f"   [git annex find --in REMOTE --json, {len(clones)} of them timed; they agree]")
    print(f"{'  again, nothing changed':<44} {again:8.2f} s   {'':>9} {'':>8}     ratio {theirs / again:5.0f}"
          f"   goal 2 s for 8000")
    print(f"{'  cold':<44} {cold:8.2f} s")
    print(f"{'  memory, with all plans kept':<44} {int(last[5]) / 1024:8.0f} MiB   goal 200", flush=True)
