"""What a benchmark stands on: two file systems of its own, cold caches, and timing until the bytes are durable."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time


class Rig:
    """A fast and a capacity directory. As root each is a file system of its own on a loop-mounted image; otherwise
    they are plain directories and caches stay warm, and the report says so."""

    def __init__(self, where, megabytes, kind):
        self.base = tempfile.mkdtemp(prefix="microstage-bench-", dir=where)
        self.fast = os.path.join(self.base, "fast")
        self.capacity = os.path.join(self.base, "capacity")
        self.mounted = []
        self.can_drop = os.geteuid() == 0 and os.access("/proc/sys/vm/drop_caches", os.W_OK)
        for directory in (self.fast, self.capacity):
            os.mkdir(directory)
            if os.geteuid() == 0:
                self._mount(directory, megabytes, kind)

    def _mount(self, directory, megabytes, kind):
        image = directory + ".img"
        with open(image, "wb") as file:  # written in full: the first use of a sparse image's blocks is slow
            for _ in range(megabytes):
                file.write(bytes(1024 * 1024))
        made = subprocess.run(["mkfs." + kind, "-q", image], capture_output=True, text=True)
        mounted = made.returncode == 0 and subprocess.run(["mount", "-o", "loop", image, directory],
                                                          capture_output=True).returncode == 0
        if mounted:
            self.mounted.append(directory)

    def describe(self):
        systems = "two loop-mounted file systems" if len(self.mounted) == 2 else "one file system for both tiers"
        return f"{systems}, {'cold' if self.can_drop else 'WARM (not root)'} caches"

    def make_cold(self):
        os.sync()
        if self.can_drop:
            with open("/proc/sys/vm/drop_caches", "w") as file:
                file.write("3\n")

    def close(self):
        for directory in reversed(self.mounted):
            subprocess.run(["umount", directory], check=False)
        subprocess.run(["chmod", "-R", "u+w", self.base], check=False)
        shutil.rmtree(self.base, ignore_errors=True)


@contextlib.contextmanager
def rig(where, megabytes, kind):
    made = Rig(where, megabytes, kind)
    try:
        yield made
    finally:
        made.close()


def direct_seconds(path, megabytes, write):
    """Seconds that the medium takes for so many megabytes, past the page cache."""
    block, one = "bs=4M", f"count={megabytes // 4}"
    command = (["dd", "if=/dev/zero", f"of={path}", block, one, "oflag=direct", "conv=fsync"] if write else
               ["dd", f"if={path}", "of=/dev/null", block, one, "iflag=direct"])
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - start


def limits(stand, backends, megabytes=512):
    """What nothing can be faster than, in bytes a second: each medium read or written directly, and each hash alone."""
    rates = {}
    for name, place in (("fast", stand.fast), ("capacity", stand.capacity)):
        path = os.path.join(place, "probe")
        for what, write in (("write", True), ("read", False)):
            stand.make_cold()
            best = min(direct_seconds(path, megabytes, write) for _ in range(2))
            rates[f"{what} {name}"] = megabytes * 2**20 / best
        os.unlink(path)
    block = bytes(64 * 2**20)
    for backend in backends:
        start = time.monotonic()
        hashlib.new("md5" if backend.startswith("MD5") else "sha256", block).hexdigest()  # OpenSSL's
        rates[backend] = len(block) / (time.monotonic() - start)
    return rates


def run(command, cwd, env=None):
    result = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed in {cwd}:\n{result.stdout}{result.stderr}")
    return result.stdout


def seconds(command, cwd, durable_on, env=None):
    """Seconds until the command has ended and what it wrote on the file system of `durable_on` is durable."""
    start = time.monotonic()
    run(command, cwd, env)
    subprocess.run(["sync", "-f", durable_on], check=True)
    return time.monotonic() - start
