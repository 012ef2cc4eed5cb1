#!/usr/bin/env python3
"""No tracked file names a path of somebody's machine, or a server that packages come from: the sources must
build anywhere, and what to fetch from where is the administrator's choice."""

import os
import pathlib
import re

from repository import BUILD, SOURCE, finish, tracked

# Written in pieces, so that this file passes its own check.
PATHS = ("/" + "work/", "/" + "root/")
SERVERS = ("debian" + r"\.org", "debian" + r"\.net", "ubuntu" + r"\.com", "pypi" + r"\.org", "python" + r"hosted\.org",
           "npm" + r"js\.(org|com)", "crates" + r"\.io", "proxy\\." + r"golang\.org", "docker" + r"\.(io|com)",
           "ghcr" + r"\.io", "quay" + r"\.io", "anaconda" + r"\.(org|com)", "artifactory" + r"\.", "nexus" + r"\.")


def forbidden():
    yield from (rf"(?<![\w.-]){path}" for path in PATHS)
    yield from (rf"\b{server}" for server in SERVERS)
    # This very clone, unless it lies somewhere as common as /src.
    for place in {str(SOURCE), str(BUILD), os.path.expanduser("~") + "/"}:
        if len(place) > 8:
            yield re.escape(place)


def mentions(path, pattern):
    content = (SOURCE / path).read_bytes()
    for number, line in enumerate(content.split(b"\n"), 1):
        for found in pattern.finditer(line.decode(errors="replace")):
            yield f"{path}:{number}: names {found[0]}"


pattern = re.compile("|".join(forbidden()))
finish([problem for path in tracked() for problem in mentions(pathlib.Path(path), pattern)])
