"""File systems of a test's own, on loop devices."""

import os
import shutil
import subprocess

MIB = 1 << 20


def cannot_mount(*programs):
    """Why no file system can be mounted here, or None."""
    if os.geteuid() != 0:
        return "mounting a file system of our own needs root"
    for program in ("mkfs.ext4", *programs):
        if not shutil.which(program):
            return f"{program} is not installed"
    probe = subprocess.run(["losetup", "--find"], capture_output=True, text=True, check=False)
    return None if probe.returncode == 0 else f"no loop device: {probe.stderr.strip()}"


def mount(test, name, *make, megabytes=16):
    """A file system at a new directory of that name; without `make`, ext4 without blocks that root alone may use."""
    image, place = test.root / f"{name}.img", test.root / name
    with image.open("wb") as file:
        file.truncate(megabytes * MIB)
    test.run_ok(*(make or ("mkfs.ext4", "-q", "-m", "0")), image)
    place.mkdir()
    test.run_ok("mount", "-o", "loop", image, place)
    test.addCleanup(test.run_ok, "umount", place)
    return place
