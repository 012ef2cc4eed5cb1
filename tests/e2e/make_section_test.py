#!/usr/bin/env python3
"""make-section: the same bytes every time, files that others can read, planes that differ in focus, and
nothing half written under a plane's name."""

import hashlib
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
import zlib

PROGRAM = pathlib.Path(os.environ["MICROSTAGE_BIN"]) / "make-section"

WIDTH, HEIGHT, BYTE_COUNTS = 256, 257, (279, 325)
OFFSETS, TILE_WIDTH, ROWS_PER_STRIP = (273, 324), 322, 278
DESCRIPTION = 270


def make(directory, *options, status=0, **kwargs):
    result = subprocess.run([PROGRAM, directory, *map(str, options)], capture_output=True, text=True, **kwargs)
    assert result.returncode == status, (options, result)
    return result


def digests(directory):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(directory.iterdir())}


class BigTiff:
    """As much of a reader as these files need; no library has a say in it."""

    TYPES = {2: "s", 3: "H", 4: "I", 5: "Q", 16: "Q"}

    def __init__(self, path):
        self.data = path.read_bytes()
        assert self.data[:8] == b"II\x2b\0\x08\0\0\0", self.data[:8]
        directory, = struct.unpack_from("<Q", self.data, 8)
        count, = struct.unpack_from("<Q", self.data, directory)
        self.tags = dict(self.entry(directory + 8 + 20 * i) for i in range(count))
        self.width, self.height = self.tags[WIDTH][0], self.tags[HEIGHT][0]

    def entry(self, at):
        tag, kind, count = struct.unpack_from("<HHQ", self.data, at)
        layout = f"<{count}{self.TYPES[kind]}"
        inline = struct.calcsize(layout) <= 8
        where = at + 12 if inline else struct.unpack_from("<Q", self.data, at + 12)[0]
        return tag, struct.unpack_from(layout, self.data, where)

    def pieces(self):
        offsets = next(self.tags[tag] for tag in OFFSETS if tag in self.tags)
        counts = next(self.tags[tag] for tag in BYTE_COUNTS if tag in self.tags)
        return [self.data[o:o + n] for o, n in zip(offsets, counts)]

    def rows(self):
        if TILE_WIDTH not in self.tags:
            pixels = b"".join(self.pieces())
            return [pixels[y * self.width:(y + 1) * self.width] for y in range(self.height)]
        side, tiles = self.tags[TILE_WIDTH][0], self.pieces()
        across = -(-self.width // side)
        return [b"".join(tiles[y // side * across + i][y % side * side:][:side] for i in range(across))[:self.width]
                for y in range(self.height)]


def sharpness(image):
    """Variance of the Laplacian over the middle of the image, noise and all."""
    rows, values = image.rows(), []
    for y in range(image.height // 4, image.height * 3 // 4):
        above, row, below = rows[y - 1], rows[y], rows[y + 1]
        values += [above[x] + below[x] + row[x - 1] + row[x + 1] - 4 * row[x]
                   for x in range(image.width // 4, image.width * 3 // 4)]
    mean = sum(values) / len(values)
    return sum((v - mean) ** 2 for v in values) / len(values)


class MakeSection(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="make-section-"))
        self.addCleanup(shutil.rmtree, self.root)

    def skip(self, reason):
        print("SKIP:", reason)
        self.skipTest(reason)

    def assert_one_line(self, result, *words):
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for word in ("make-section: ", *words):
            self.assertIn(word, result.stderr)

    def test_same_seed_same_bytes_on_any_number_of_threads(self):
        options = ("--planes", 3, "--width", 500, "--height", 300, "--seed", 7)
        make(self.root / "one", *options, "--jobs", 1)
        make(self.root / "many", *options, "--jobs", 3)
        make(self.root / "other", *options[:-1], 8)
        self.assertEqual(digests(self.root / "one"), digests(self.root / "many"))
        self.assertEqual(list(digests(self.root / "one")), ["plane_00.tif", "plane_01.tif", "plane_02.tif"])
        for name, digest in digests(self.root / "one").items():
            self.assertNotEqual(digest, digests(self.root / "other")[name])

    def test_tiles_and_strips_hold_the_same_pixels(self):
        size = ("--planes", 1, "--width", 701, "--height", 307)
        make(self.root / "t", *size, "--tile", 48)
        make(self.root / "s", *size, "--layout", "strips")
        tiled, strips = BigTiff(self.root / "t/plane_00.tif"), BigTiff(self.root / "s/plane_00.tif")
        self.assertEqual((strips.width, strips.height), (701, 307))
        self.assertEqual({len(piece) for piece in tiled.pieces()}, {48 * 48})
        rows = strips.tags[ROWS_PER_STRIP][0]
        self.assertEqual([len(piece) for piece in strips.pieces()], [701 * rows, 701 * (307 - rows)])
        self.assertEqual(tiled.rows(), strips.rows())

    def test_odd_measures_down_to_one_pixel(self):
        for width, height in ((1, 1), (15, 17), (1, 600), (600, 1), (257, 255)):
            for layout in ("tiled", "strips"):
                directory = self.root / f"{width}x{height}-{layout}"
                make(directory, "--planes", 1, "--width", width, "--height", height, "--layout", layout)
                rows = BigTiff(directory / "plane_00.tif").rows()
                self.assertEqual((len(rows), {len(row) for row in rows}), (height, {width}))

    def test_size_chooses_a_square_of_whole_tiles(self):
        make(self.root / "s", "--planes", 1, "--size", "1MiB")
        image = BigTiff(self.root / "s/plane_00.tif")
        self.assertEqual((image.width, image.height), (1024, 1024))
        self.assertLess(len(image.data), (1 << 20) + 4096)

    def test_other_readers_agree(self):
        if not shutil.which("tiffinfo"):
            self.skip("tiffinfo is not installed")
        make(self.root / "t", "--planes", 2, "--width", 400, "--height", 301, "--tile", 64, "--seed", 3)
        info = subprocess.run(["tiffinfo", "-D", self.root / "t/plane_01.tif"], capture_output=True, text=True)
        self.assertEqual((info.returncode, info.stderr), (0, ""))
        for words in ("Image Width: 400 Image Length: 301", "Tile Width: 64 Tile Length: 64", "Bits/Sample: 8",
                      "min-is-black", "seed=3 plane=1 planes=2 focus=0.5"):
            self.assertIn(words, info.stdout)

    def test_focus_wanders_through_the_stack(self):
        make(self.root / "s", "--planes", 9, "--width", 256, "--height", 256, "--seed", 2)
        curve = [sharpness(BigTiff(path)) for path in sorted((self.root / "s").iterdir())]
        best = curve.index(max(curve))
        self.assertTrue(2 <= best <= 6, curve)
        self.assertGreater(curve[best], 2 * curve[0], curve)
        self.assertGreater(curve[best], 2 * curve[-1], curve)
        for worse, better in zip(curve[:best], curve[1:best + 1]):
            self.assertLess(worse, better * 1.02, curve)

    def test_pixels_look_like_a_slide_and_do_not_compress_away(self):
        make(self.root / "s", "--planes", 1, "--width", 512, "--height", 512)
        pixels = b"".join(BigTiff(self.root / "s/plane_00.tif").rows())
        self.assertGreater(sum(p > 225 for p in pixels) / len(pixels), 0.1, "bright glass around the section")
        self.assertGreater(sum(p < 120 for p in pixels) / len(pixels), 0.01, "dark cells within it")
        self.assertGreater(len(zlib.compress(pixels)) / len(pixels), 0.4)

    def test_keeps_what_is_there_unless_forced(self):
        options = ("--planes", 2, "--width", 64, "--height", 64)
        make(self.root, *options)
        before = digests(self.root)
        (self.root / "plane_00.tif").unlink()
        self.assert_one_line(make(self.root, *options, "--seed", 2, status=1), "plane_01.tif", "--force")
        self.assertEqual(list(digests(self.root)), ["plane_01.tif"])
        make(self.root, *options, "--force")
        self.assertEqual(digests(self.root), before)

    def test_wrong_usage_is_one_line_and_status_2(self):
        where = self.root / "never"
        for options in (("--planes", 0), ("--planes", "x"), ("--tile", 100), ("--tile", 0), ("--width", 5),
                        ("--width", 0, "--height", 5), ("--size", "1MiB", "--width", 5, "--height", 5),
                        ("--size", "12 parsecs"), ("--layout", "round"), ("--prefix", "a/b"), ("--seed", -1),
                        ("--seed", "9" * 23), ("--jobs", 0), ("--bogus",), ("more",)):
            self.assert_one_line(make(where, *options, status=2), "--help")
        self.assertFalse(where.exists())

    def test_unwritable_places(self):
        (self.root / "file").touch()
        self.assert_one_line(make(self.root / "file" / "x", status=1), "cannot make", "Not a directory")
        if os.geteuid() == 0:
            return  # who may write anywhere
        self.root.chmod(0o555)
        self.addCleanup(self.root.chmod, 0o755)
        self.assert_one_line(make(self.root, "--planes", 1, status=1), "plane_00.tif", "Permission denied")

    def test_a_limit_in_the_middle_leaves_nothing(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (300000, 300000))

        for layout in ("tiled", "strips"):
            result = make(self.root, "--planes", 4, "--size", "1MiB", "--layout", layout, status=1,
                          preexec_fn=limit, restore_signals=False)
            self.assert_one_line(result, "plane_0", "File too large")
            self.assertEqual(list(self.root.iterdir()), [])

    def test_a_full_disk_leaves_whole_planes_only(self):
        script = ('mount -t tmpfs -o size=2500k none "$1" || exit 77; '
                  '"$2" "$1" --planes 5 --size 1MiB --jobs 1; status=$?; ls -A "$1"; exit $status')
        unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
        result = subprocess.run([*unshare, "sh", "-c", script, "sh", self.root, PROGRAM],
                                capture_output=True, text=True)
        if result.returncode != 1 or "make-section" not in result.stderr:
            self.skip("cannot mount a small file system here")
        self.assert_one_line(result, "plane_02.tif", "No space left on device")
        self.assertEqual(result.stdout.split(), ["plane_00.tif", "plane_01.tif"])

    def test_an_interrupt_cleans_up(self):
        process = subprocess.Popen([PROGRAM, self.root, "--planes", "1", "--size", "2GiB"],
                                   stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        while not list(self.root.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
        stderr = process.communicate(timeout=60)[1]
        self.assertEqual((process.returncode, stderr), (1, "make-section: interrupted\n"))
        self.assertEqual(list(self.root.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
