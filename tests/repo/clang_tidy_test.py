#!/usr/bin/env python3
"""clang-tidy finds nothing, by the list in .clang-tidy, in any source that this build compiles.

It takes seconds for each source, so several are looked at as one, and a clean verdict is kept in the build directory: it
holds while the source, the headers of ours that it includes and the list are unchanged. What is found is always found
again in the source alone; the soak run looks at each alone from the start."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from repository import BUILD, SOURCE, finish, skip
from tidy_batches import batches, flags, merged

PROBLEM = re.compile(r"^(.+?):(\d+):\d+: (?:fatal )?(?:error|warning):", re.M)
SOAK = os.environ.get("MICROSTAGE_SOAK") == "1"
CLEAN = BUILD / "clang-tidy-clean"
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)


def closure(path, seen):
    """The source and all of our headers that it reaches: they are included from the root or from beside."""
    if path in seen or not path.is_file():
        return seen
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        closure(SOURCE / os.fsdecode(name), seen)
        closure(path.parent / os.fsdecode(name), seen)
    return seen


def fingerprint(entry, version):
    digest = hashlib.sha256(f"{SOAK}{entry}".encode() + version + (SOURCE / ".clang-tidy").read_bytes())
    for path in sorted(closure(pathlib.Path(entry["file"]), set())):
        digest.update(path.read_bytes())
    return CLEAN / digest.hexdigest()


def run_tidy(path, options):
    return subprocess.run(["clang-tidy", "--quiet", f"--config-file={SOURCE}/.clang-tidy", path, "--",
                           "-Wno-unknown-warning-option", *options], capture_output=True, text=True)


def check(entry):
    """The problems of one source."""
    result = run_tidy(entry["file"], flags(entry))
    if result.returncode == 0:
        entry["verdict"].touch()
        return []
    lines = [line for line in result.stdout.splitlines() if PROBLEM.match(line)]
    return lines or [f"{entry['file']}: clang-tidy failed: {result.stderr.strip()}"]


def suspects(entries):
    """Looks at all as one, and returns those of them to look at alone; none when all are clean."""
    text, origin = merged([entry["file"] for entry in entries])
    with tempfile.NamedTemporaryFile("w", dir=CLEAN, suffix=".cpp", encoding="utf-8") as batch:
        batch.write(text)
        batch.flush()
        result = run_tidy(batch.name, flags(entries[0]))
        if result.returncode == 0:
            return []
        places = {origin[int(line) - 1] if path == batch.name else None for path, line in PROBLEM.findall(result.stdout)}
    return entries if None in places or not places else [entry for entry in entries if entry["file"] in places]


def check_batch(entries):
    """The problems of these sources. Those in doubt are looked at alone, and the others once more together."""
    found = []
    while len(entries) > 1 and (doubtful := suspects(entries)):
        found += [problem for entry in doubtful for problem in check(entry)]
        entries = [entry for entry in entries if entry not in doubtful]
    if len(entries) == 1:
        return found + check(entries[0])
    for entry in entries:
        entry["verdict"].touch()
    return found


def ours():
    """Each source once, though several targets may compile it; nothing that the build generated."""
    entries = {entry["file"]: entry for entry in json.loads((BUILD / "compile_commands.json").read_text())}
    return [entry for name, entry in sorted(entries.items())
            if name.startswith(f"{SOURCE}/") and not name.startswith(f"{BUILD}/")]


if not shutil.which("clang-tidy"):
    skip("clang-tidy is not installed")
CLEAN.mkdir(exist_ok=True)
version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
open_entries = [{**entry, "verdict": verdict} for entry in ours()
                if not (verdict := fingerprint(entry, version)).exists()]
together = [[entry] for entry in open_entries] if SOAK else batches(open_entries)
with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    found = list(pool.map(check_batch, together))
finish(sorted({problem for problems in found for problem in problems}))
