#!/usr/bin/env python3
"""git-annex starts the special remote over and over, so it loads next to nothing. What is not listed here is
too much: libgit2, SQLite, libcurl, libsystemd and Boost each cost milliseconds at every start."""

import re
import shutil
import subprocess

from repository import BUILD, finish, skip

PROGRAM = BUILD / "bin" / "git-annex-remote-microstage"
ALLOWED = re.compile(r"(libcrypto|libb2|libstdc\+\+|libm|libgcc_s|libc|ld-linux[\w-]*|lib(a|t|ub)san)\.so\.\d+")

if not shutil.which("readelf"):
    skip("readelf is not installed")
if not PROGRAM.exists():
    finish([f"{PROGRAM} is not built"])
dynamic = subprocess.run(["readelf", "-dW", PROGRAM], capture_output=True, text=True, check=True).stdout
needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
problems = [f"the remote links {name}, which its start must not wait for" for name in needed
            if not ALLOWED.fullmatch(name)]
if not any(name.startswith("libc.so") for name in needed):
    problems.append("readelf names no libc: this check sees nothing")
finish(problems)
