#!/usr/bin/env python3
"""No source is forgotten: each .cpp file is compiled, each header alone, each test program is run, each test script is
run."""

import json
import os
import re
import subprocess

from repository import BUILD, SOURCE, finish, on_disk

# Folders whose executable scripts are tests. Helpers that tests import or call are not executable.
SCRIPTS = ("tests/unit", "tests/protocol", "tests/fault", "tests/e2e", "tests/repo")


def compiled():
    """Each source, relative, with the targets it is compiled for."""
    targets = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        target = re.search(r" -o \S*CMakeFiles/(.+?)\.dir/", entry["command"])[1]
        targets.setdefault(os.path.relpath(entry["file"], SOURCE), set()).add(target)
    return targets


def commands():
    """The words of all commands that ctest would run."""
    listing = subprocess.run(["ctest", "--test-dir", BUILD, "--show-only=json-v1"], capture_output=True, check=True)
    tests = json.loads(listing.stdout)["tests"]
    return {os.path.realpath(word) for test in tests for word in test.get("command", []) if word.startswith("/")}


def programs(run):
    return {os.path.basename(path) for path in run if path.startswith(os.path.realpath(BUILD))}


def alone(header, targets):
    """Is it compiled with nothing before it: by the source beside it, or by one that the build made for it?"""
    beside = header.with_suffix(".cpp")
    if str(beside) in targets:
        first = re.search(r"^#include .*$", (SOURCE / beside).read_text(encoding="utf-8"), re.M)
        if first and first[0] == f'#include "{header}"':
            return True
    made = BUILD / "tests/repo/headers" / f"{header}.cpp"
    return os.path.relpath(made, SOURCE) in targets


def problems():
    targets, run = compiled(), commands()
    run_programs = programs(run)
    for path in sorted(on_disk()):
        name = str(path)
        if path.suffix == ".cpp" and name not in targets:
            yield f"{name}: in no target"
        elif path.suffix == ".h" and not alone(path, targets):
            yield f"{name}: never compiled alone; include it first in the source beside it, or configure the build again"
        elif name.endswith("_test.cpp") and not targets[name] & run_programs:
            yield f"{name}: compiled, but no test runs {' or '.join(sorted(targets[name]))}"
        elif is_script(path) and os.path.realpath(SOURCE / path) not in run:
            yield f"{name}: in no test"


def is_script(path):
    if not str(path.parent).startswith(SCRIPTS) or path.suffix == ".cpp":
        return False
    return path.name.endswith("_test.py") or os.access(SOURCE / path, os.X_OK)


finish(list(problems()))
