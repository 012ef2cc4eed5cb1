#!/usr/bin/env python3
"""git-annex starts the special remote over and over, so it loads next to nothing. What is not listed here is
too much: libgit2, SQLite, libcurl, libsystemd and Boost each cost milliseconds at every start. What reads over HTTP is a
module, loaded when a URL asks for it; it exports one function."""

import re
import shutil
import subprocess

from repository import BUILD, finish, skip

PROGRAM = BUILD / "bin" / "git-annex-remote-microstage"
MODULE = BUILD / "bin" / "microstage-http.so"
ALLOWED = re.compile(r"(libcrypto|libb2|libstdc\+\+|libm|libgcc_s|libc|ld-linux[\w-]*|lib(a|t|ub)san)\.so\.\d+")

if not shutil.which("readelf"):
    skip("readelf is not installed")
for file in (PROGRAM, MODULE):
    if not file.exists():
        finish([f"{file} is not built"])


def readelf(option, file, *more):
    return subprocess.run(["readelf", option, *more, file], capture_output=True, text=True, check=True).stdout


def needs(file):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-dW", file))


needed = needs(PROGRAM)
problems = [f"the remote links {name}, which its start must not wait for" for name in needed
            if not ALLOWED.fullmatch(name)]
if not any(name.startswith("libc.so") for name in needed):
    problems.append("readelf names no libc: this check sees nothing")
if not any(name.startswith("libcurl.so") for name in needs(MODULE)):
    problems.append("the module links no libcurl: this check looks at the wrong file")
exported = re.findall(r"FUNC +GLOBAL +DEFAULT +\d+ (microstage_\w+)", readelf("-W", MODULE, "--dyn-syms"))
if exported != ["microstage_http_transport"]:
    problems.append(f"the module exports {exported}, not its one entry")
finish(problems)
