"""Makes the seeds of the archive fuzz target: python3 make_archive_corpus.py DIRECTORY. Needs 7z. The seeds are committed;
run it again when the target's input changes. Those named found_ are small ones that the fuzzer came upon."""

import pathlib
import subprocess
import sys
import tempfile

WAYS = {
    "stored": ("-mx0",),
    "plain_header": ("-mx0", "-mhc=off"),
    "times": ("-mx0", "-mhc=off", "-mtc=on", "-mta=on"),
    "lzma2": ("-mx1",),
    "lzma": ("-m0=lzma",),
    "ppmd": ("-m0=ppmd", "-mhc=off"),
    "bcj2": ("-m0=bcj2", "-m1=lzma", "-m2=lzma", "-m3=lzma", "-mb0:1", "-mb0s1:2", "-mb0s2:3", "-mhc=off"),
    "solid_lzma2": ("-mx1", "-ms=on", "-mhc=off"),
    "encrypted": ("-mx0", "-psecret", "-mhc=off"),
    "encrypted_header": ("-mx0", "-psecret", "-mhe=on"),
}


def plant(directory):
    for number in range(12):
        path = directory / f"aa/bb/KEY{number}/KEY{number}"
        path.parent.mkdir(parents=True)
        path.write_bytes(bytes([number]) * number)
    (directory / "gr\u00fc\u00df\U0001F600").write_bytes(b"x")
    (directory / "link").symlink_to("aa")


def inputs(archive):
    """As the target takes them: the file as it is, and its parts with the signature left to the target."""
    yield "file", b"\1" + archive
    offset = int.from_bytes(archive[12:20], "little")
    body, header = archive[32:32 + offset], archive[32 + offset:]
    yield "parts", b"\0" + len(body).to_bytes(2, "little") + body + header
    if offset < 200:
        yield "hole", b"\2" + len(body).to_bytes(2, "little") + body + header


def main(target):
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        tree, archive = pathlib.Path(scratch, "tree"), pathlib.Path(scratch, "a.7z")
        plant(tree)
        for name, options in WAYS.items():
            archive.unlink(missing_ok=True)
            subprocess.run(["7z", "a", *options, archive, "."], cwd=tree, check=True, stdout=subprocess.DEVNULL)
            for kind, content in inputs(archive.read_bytes()):
                (target / f"{name}_{kind}").write_bytes(content)


main(pathlib.Path(sys.argv[1]))
