#!/usr/bin/env python3
"""clang-tidy finds nothing, by the list in .clang-tidy, in any source that this build compiles.

It takes seconds for each source, so a clean verdict is kept in the build directory and holds while the source,
the headers of ours that it includes and the list are unchanged."""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

from repository import BUILD, SOURCE, finish, skip

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
    digest = hashlib.sha256(version + entry["command"].encode() + (SOURCE / ".clang-tidy").read_bytes())
    for path in sorted(closure(pathlib.Path(entry["file"]), set())):
        digest.update(path.read_bytes())
    return CLEAN / digest.hexdigest()


def check(entry, version):
    verdict = fingerprint(entry, version)
    if verdict.exists():
        return []
    result = subprocess.run(["clang-tidy", "--quiet", "-p", BUILD, "--extra-arg=-Wno-unknown-warning-option",
                             entry["file"]], capture_output=True, text=True)
    if result.returncode == 0:
        verdict.touch()
        return []
    lines = [line for line in result.stdout.splitlines() if re.search(r"(error|warning):", line)]
    return lines or [f"{entry['file']}: clang-tidy failed: {result.stderr.strip()}"]


def ours():
    """Each source once, though several targets may compile it; nothing that the build generated."""
    entries = {entry["file"]: entry for entry in json.loads((BUILD / "compile_commands.json").read_text())}
    return [entry for name, entry in sorted(entries.items())
            if name.startswith(f"{SOURCE}/") and not name.startswith(f"{BUILD}/")]


if not shutil.which("clang-tidy"):
    skip("clang-tidy is not installed")
CLEAN.mkdir(exist_ok=True)
version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
    found = list(pool.map(lambda entry: check(entry, version), ours()))
finish(sorted({problem for problems in found for problem in problems}))
