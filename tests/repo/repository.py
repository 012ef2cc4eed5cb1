"""What the checks in this folder share: which files are ours, and how a check ends."""

import os
import pathlib
import subprocess
import sys

SOURCE = pathlib.Path(os.environ["MICROSTAGE_SOURCE"])
BUILD = pathlib.Path(os.environ["MICROSTAGE_BUILD"])


def on_disk():
    """Every file below the source directory that is no product of a build, tracked or not."""
    for folder, folders, names in os.walk(SOURCE):
        if pathlib.Path(folder) == SOURCE:
            folders[:] = [name for name in folders if name not in (".git", ".cache", "build")]
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            yield pathlib.Path(folder, name).relative_to(SOURCE)


def tracked():
    """The files that git knows; all on disk in an unpacked archive."""
    listing = subprocess.run(["git", "-C", SOURCE, "ls-files", "-z"], capture_output=True)
    if listing.returncode != 0 or not (SOURCE / ".git").exists():
        return sorted(on_disk())
    names = [pathlib.Path(os.fsdecode(name)) for name in listing.stdout.split(b"\0") if name]
    return sorted(name for name in names if (SOURCE / name).is_file())


def skip(reason):
    print("SKIP:", reason)
    sys.exit(77)


def finish(problems):
    """Ends the check: each problem is one line, and none is success."""
    print("\n".join(problems))
    sys.exit(1 if problems else 0)
