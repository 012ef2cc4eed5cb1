"""Many section datasets as they lie in a store, made by git fast-import in some milliseconds each: 29 locked planes, the
git-annex branch that says where they are, one pack."""

import hashlib
import os
import random
import subprocess
import uuid

STORE_UUID = "5c1d6d7e-0b6f-4f2a-9a57-3f1f0d5b9e01"
OTHER_UUIDS = ["5c1d6d7e-0b6f-4f2a-9a57-3f1f0d5b9e02", "5c1d6d7e-0b6f-4f2a-9a57-3f1f0d5b9e03"]
PLANES = 29
MIXED = "0123456789zqjxkmvwgpfZQJXKMVWGPF"


def lower_directories(key):
    digest = hashlib.md5(key.encode()).hexdigest()
    return f"{digest[:3]}/{digest[3:6]}"


def mixed_directories(key):
    word = int.from_bytes(hashlib.md5(key.encode()).digest()[:4], "little")
    letters = [MIXED[(word >> (6 * i)) % 32] for i in range(4)]
    return f"{letters[1]}{letters[0]}/{letters[3]}{letters[2]}"


def add_file(path, content, mode="100644"):
    return b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), path.encode(), len(content), content)


def commit(branch, message):
    return (f"commit refs/heads/{branch}\ncommitter bench <bench@example.org> 1700000000 +0000\n"
            f"data {len(message)}\n{message}\n").encode()


def section_stream(number):
    """What fast-import reads; the same for the same number."""
    chance = random.Random(number)
    dataset = uuid.UUID(int=chance.getrandbits(128), version=4)
    main = [commit("main", "planes"), add_file(".datalad/config", f'[datalad "dataset"]\n\tid = {dataset}\n'.encode())]
    log = [commit("git-annex", "update")]
    described = "".join(f"{one} repository {one[-1]} timestamp=1700000000s\n" for one in [STORE_UUID, *OTHER_UUIDS])
    log.append(add_file("uuid.log", described.encode()))
    for plane in range(PLANES):
        name = f"B20_{number:04}_z{plane:02}.tif"
        size = 10_000_000_000 + chance.randrange(1_000_000_000)
        key = f"SHA256E-s{size}--{hashlib.sha256(name.encode()).hexdigest()}.tif"
        target = f"../.git/annex/objects/{mixed_directories(key)}/{key}/{key}"
        main.append(add_file(f"planes/{name}", target.encode(), "120000"))
        lines = [f"1700000{chance.randrange(1000):03}.{chance.randrange(10**6)}s {chance.choice('10')} {one}\n"
                 for one in [STORE_UUID, *OTHER_UUIDS]]
        log.append(add_file(f"{lower_directories(key)}/{key}.log", "".join(lines).encode()))
    return str(dataset), b"".join([*main, *log, b"done\n"])


def make_section(store, number, env):
    """A bare repository without anything that git does not need; its path."""
    dataset, stream = section_stream(number)
    path = os.path.join(store, dataset[:3], dataset[3:])
    for directory in ("objects", "refs"):
        os.makedirs(os.path.join(path, directory))
    with open(os.path.join(path, "HEAD"), "w") as file:
        file.write("ref: refs/heads/main\n")
    with open(os.path.join(path, "config"), "w") as file:
        file.write("[core]\n\tbare = true\n\trepositoryformatversion = 0\n")
    subprocess.run(["git", "-C", path, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", "--done"],
                   input=stream, check=True, env=env)
    return path
