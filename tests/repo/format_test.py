#!/usr/bin/env python3
"""Sources are as clang-format leaves them; no text file has tabs, trailing blanks or a cut last line."""

import re
import shutil
import subprocess

from repository import SOURCE, finish, skip, tracked

# Recorded or made-up input is kept byte by byte.
DATA = {"data", "golden", "transcripts", "corpus", "corpora"}
VERSION = "14"  # another version's opinion differs in places


def blanks(path):
    content = (SOURCE / path).read_bytes()
    if b"\0" in content or not content or DATA & set(path.parts):
        return
    for number, line in enumerate(content.split(b"\n"), 1):
        if b"\t" in line:
            yield f"{path}:{number}: tab"
        if line != line.rstrip():
            yield f"{path}:{number}: trailing blank"
    if not content.endswith(b"\n") or content.endswith(b"\n\n"):
        yield f"{path}: must end in one newline"


def formatting(paths):
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *paths], cwd=SOURCE, capture_output=True, text=True)
    lines = [line for line in result.stderr.splitlines() if "error:" in line]
    return lines or ([f"clang-format: {result.stderr.strip()}"] if result.returncode else [])


def version():
    if not shutil.which("clang-format"):
        return None
    text = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout
    return (re.search(r"version (\d+)", text) or [None, "?"])[1]


problems = [problem for path in tracked() for problem in blanks(path)]
if version() == VERSION:
    problems += formatting([path for path in tracked() if path.suffix in (".h", ".cpp")])
elif not problems:
    skip(f"clang-format {VERSION} is not here, found {version()}; blanks and line ends are good")
finish(problems)
