#!/usr/bin/env python3
"""Every transfer of git-annex is one line of the spool and one event of the ledger, once, whoever imports how often, when
and how it ends. MICROSTAGE_SEED repeats a run."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from annex_bench import SOAK, AnnexTest, random_bytes
from microstage_testing import BIN, main
from spool_lines import Spool, events, report, transfers

SEED = int(os.environ.get("MICROSTAGE_SEED", random.randrange(1 << 32)))
ROUNDS = 200 if SOAK else 15
LINES = 100_000 if SOAK else 5_000
FILES = {f"plane{i}": random_bytes(3_000 + i, i) for i in range(4)}
FILES["large"] = random_bytes(2_000_000, 9)


class SpoolBench(AnnexTest):
    def setUp(self):
        super().setUp()
        self.spool = self.root / "home/.local/state/microstage/spool"
        self.ledger = self.root / "ledger.sqlite"
        self.importing = (BIN / "microstage", "ledger", "import", "--ledger", self.ledger, "--json")

    def take_in(self, *words, status=0, **kwargs):
        """What import says of all files together."""
        return json.loads(self.run_ok(*self.importing, *words, status=status, **kwargs).splitlines()[-1])

    def lines(self, spool=None):
        found = []
        for path in sorted((spool or self.spool).glob("*.jsonl")):
            found += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        return found

    def written(self, name="by-hand.jsonl", count=0):
        self.spool.mkdir(parents=True, exist_ok=True)
        spool = Spool(self.spool / name)
        if count:
            spool.append(*(report(number) for number in range(count)))
        return spool

    def check_once(self, count):
        """Each of the reports 0..count-1, in order, once."""
        self.assertEqual([event["bytes"] for event in transfers(self.ledger)],
                         [report(number)["bytes"] for number in range(count)])


class RealTransfers(SpoolBench):
    def test_each_transfer_is_one_event(self):
        self.make_store()
        clone = self.make_clone(files=FILES)
        self.annex(clone, "copy", "--quiet", "-J3", "--to", "cap")
        self.annex(clone, "drop", "--quiet", "-J2")
        self.annex(clone, "get", "--quiet", "-J3")
        self.annex(clone, "drop", "--quiet", "--from", "cap", "--force", "plane0")
        keys = {self.key(clone, name): len(content) for name, content in FILES.items()}
        seen = [(line["action"], line["result"], line["key"]) for line in self.lines()]
        self.assertEqual(len(seen), 2 * len(FILES) + 1, seen)
        for action in ("store", "retrieve"):
            self.assertEqual({key for did, result, key in seen if (did, result) == (action, "done")}, set(keys))
        self.assertEqual(self.take_in()["lines"], len(seen))
        self.assertEqual(self.take_in()["lines"], 0)
        found = transfers(self.ledger)
        self.assertEqual(len(found), len(seen))
        store, owner = f"ria+file://{self.root}/store", self.run_ok("id", "-un").strip()
        for event in found:
            self.assertEqual((event["bytes"], event["basis"], event["actor"]),
                             (keys[event["key"]], "claim", owner), event)
            self.assertEqual(event["dataset"], "b24c7f1a-90d1-4f0e-8a52-3d1f8e6b7c01")
            self.assertGreater(event["time"], 1_700_000_000 * 10**9)
        directions = {(event.get("from"), event.get("to")) for event in found if event["type"] == "transfer.finished"}
        self.assertEqual(directions, {(str(clone), store), (store, str(clone))})
        self.assertEqual({event["verified"] for event in found if "verified" in event}, {"hash"})
        self.assertEqual([event["from"] for event in found if event["type"] == "object.removed"], [store])

    def test_what_git_annex_itself_verifies_is_an_event_too(self):
        self.make_store()
        clone = self.make_clone(files={"plane": FILES["plane0"]}, parameters=("encryption=none", "chunk=2KiB"))
        self.annex(clone, "copy", "--quiet", "--to", "cap", "plane")
        self.annex(clone, "drop", "--quiet", "plane")
        self.annex(clone, "get", "--quiet", "plane")
        self.assertEqual(self.take_in()["bad"], 0)
        self.assertEqual([event["verified"] for event in transfers(self.ledger)], ["size", "size", "git-annex", "git-annex"])

    def test_failures_are_events_too(self):
        dataset = self.make_store()
        clone = self.make_clone(files={"plane": FILES["plane0"], "other": FILES["plane1"]})
        self.annex(clone, "copy", "--quiet", "--to", "cap")
        self.annex(clone, "drop", "--quiet", "plane", "other")
        objects = self.objects(dataset)
        self.damage(objects[self.key(clone, "plane")], "flip")
        objects[self.key(clone, "other")].unlink()
        self.assertNotEqual(self.try_annex(clone, "get", "plane", "other").returncode, 0)
        self.take_in()
        failed = {(event["key"], event["result"]) for event in transfers(self.ledger)
                  if event["type"] == "transfer.failed"}
        self.assertEqual(failed, {(self.key(clone, "plane"), "integrity"), (self.key(clone, "other"), "not-found")})

    def test_an_export_tells_names(self):
        (self.root / "tree").mkdir()
        clone = self.root / "clone"
        self.run_ok("git", "init", "--quiet", clone)
        self.annex(clone, "init", "--quiet")
        self.annex(clone, "initremote", "tree", "type=external", "externaltype=microstage", "encryption=none",
                   "exporttree=yes", f"url=file://{self.root}/tree")
        name = os.fsdecode(b"pl\xc3\xa4ne \xff.tif")
        (clone / name).write_bytes(FILES["plane0"])
        self.annex(clone, "add", "--quiet", ".")
        self.git(clone, "commit", "--quiet", "-m", "one")
        self.annex(clone, "export", "--quiet", "main", "--to", "tree")
        self.git(clone, "mv", name, "other.tif")
        self.git(clone, "commit", "--quiet", "-m", "two")
        self.annex(clone, "export", "--quiet", "main", "--to", "tree")
        lines = self.lines()
        self.assertEqual(lines[0]["path"].encode("utf-8", "surrogateescape"), os.fsencode(name))
        self.assertIn("rename", {line["action"] for line in lines})
        self.assertEqual(self.take_in()["bad"], 0)
        self.assertEqual(len(transfers(self.ledger)), len(lines))

    def test_no_is_no(self):
        self.make_store()
        clone = self.make_clone(files={"plane": FILES["plane0"]}, parameters=("encryption=none", "spool=no"))
        self.annex(clone, "copy", "--quiet", "--to", "cap")
        self.assertFalse(self.spool.exists())
        self.annex(clone, "drop", "--quiet")
        self.git(clone, "config", "remote.cap.microstage-spool", "yes")
        self.annex(clone, "get", "--quiet")
        self.assertEqual(len(self.lines()), 1)

    def test_a_spool_that_cannot_be_written_costs_a_line_and_no_transfer(self):
        self.make_store()
        clone = self.make_clone(files=FILES)
        self.git(clone, "config", "microstage.spool", self.root / "not-there")
        said = self.annex(clone, "copy", "--json", "--to", "cap")
        self.assertLessEqual(said.count("are not recorded where they should be"), 1)
        self.assertEqual(len(self.lines()), len(FILES))  # in the user's own
        (self.root / "home/.local/state/microstage/spool").rename(self.root / "away")
        (self.root / "home/.local/state/microstage/spool").write_text("in the way")
        self.annex(clone, "fsck", "--quiet", "--from", "cap")


class Import(SpoolBench):
    def test_without_words_the_users_own(self):
        self.written(count=3)
        self.run_ok("microstage", "ledger", "import")
        self.ledger = self.root / "home/.local/state/microstage/ledger.db"
        self.check_once(3)
        self.assertIn("took in 0 reports from 1 spool files", self.run_ok("microstage", "ledger", "import"))

    def test_nothing_to_take_in_is_no_error(self):
        self.assertEqual(self.take_in()["files"], 0)
        self.assertIn("not-there", self.refused(*self.importing, self.root / "not-there", status=3))

    def test_each_import_leaves_a_head_that_the_ledger_is_held_to(self):
        spool = self.written(count=2)
        self.take_in()
        self.take_in()  # nothing new
        spool.append(report(2), report(3, bytes=2**63 - 1), report(4, bytes=2**63 - 1))
        self.assertEqual(self.take_in()["bad"], 0)
        told = self.run_ok("microstage", "ledger", "verify", "--projections", "--ledger", self.ledger, "--json")
        self.assertEqual((json.loads(told)["result"], json.loads(told)["heads"]), ("ok", 2))
        self.run_ok("microstage", "log", "--totals", "--ledger", self.ledger)
        pathlib.Path(f"{self.ledger}-heads").write_text(f"99:{'0' * 64} 1700000000000000000 0.1.0\n")
        self.assertIn("cut off", self.refused("microstage", "ledger", "verify", "--ledger", self.ledger))

    def test_bad_lines_are_named_and_left_out(self):
        spool = self.written(count=2)
        spool.raw(b"{nonsense\n")
        spool.append(report(2))
        stolen = self.spool / "stolen.jsonl"
        other = Spool(stolen)
        line = spool.path.read_bytes().splitlines(keepends=True)[1]
        other.raw(line)
        other.raw(b"x" * 300_000 + b"\n")
        other.append(report(3))
        other.raw(b'{"v":1,"id":"' + other.id.encode())  # and torn
        result = self.run_raw(*self.importing)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(json.loads(result.stdout.splitlines()[-1])["bad"], 3)
        for words in (f"{spool.path}:4: left out: ", f"{stolen}:2: left out: copied from elsewhere",
                      f"{stolen}:3: left out: longer than a line may be"):
            self.assertIn(words, result.stderr)
        self.check_once(4)
        self.assertEqual(self.take_in()["bad"], 0)  # they are said once
        self.assertEqual([event.get("result") for event in events(self.ledger) if event["type"] == "spool.imported"],
                         ["invalid", "invalid"])

    def test_a_copy_and_a_restored_file_bring_nothing_twice(self):
        spool = self.written(count=5)
        before = spool.path.read_bytes()
        self.take_in()
        (self.spool / "copy.jsonl").write_bytes(before)
        spool.path.rename(self.spool / "moved.jsonl")
        self.assertEqual(self.take_in()["lines"], 0)
        (self.spool / "copy.jsonl").unlink()
        (self.spool / "moved.jsonl").write_bytes(before[:-300])
        result = self.run_raw(*self.importing)
        self.assertIn("is not what it was when it was taken in", result.stderr)
        self.check_once(5)

    def test_a_later_version_is_left_for_a_later_program(self):
        spool = self.written(count=2)
        spool.write({"v": 2, "what": "ever"})
        spool.append(report(2))
        result = self.run_raw(*self.importing)
        self.assertEqual(result.returncode, 1)
        self.assertIn("later version", result.stderr)
        self.check_once(2)

    def test_two_imports_at_once(self):
        self.written(count=LINES // 5)
        self.written("more.jsonl").append(*(report(n) for n in range(LINES // 5, LINES // 4)))
        running = [subprocess.Popen([str(word) for word in self.importing], env=self.env, stdout=subprocess.PIPE,
                                    text=True) for _ in range(4)]
        taken = [json.loads(process.communicate()[0].splitlines()[-1])["lines"] for process in running]
        self.assertEqual([process.returncode for process in running], [0] * 4)
        self.assertEqual(sum(taken), LINES // 4)
        self.check_once(LINES // 4)

    def test_a_file_that_grows_meanwhile(self):
        spool = self.written()
        stop = threading.Event()
        written = [0]

        def grow():
            while not stop.is_set() and written[0] < LINES:
                spool.append(*(report(written[0] + n) for n in range(7)))
                written[0] += 7
                spool.raw(b"")
                time.sleep(0.0005)

        thread = threading.Thread(target=grow)
        thread.start()
        taken = sum(self.take_in()["lines"] for _ in range(4))
        stop.set()
        thread.join()
        self.assertEqual(taken + self.take_in()["lines"], written[0])
        self.check_once(written[0])

    def test_killed_at_random_moments(self):
        print(f"MICROSTAGE_SEED={SEED}", flush=True)
        draw = random.Random(SEED)
        spool = self.written()
        count = killed = 0
        for _ in range(ROUNDS):
            more = draw.randrange(1, LINES // 5)
            spool.append(*(report(count + n) for n in range(more)))
            count += more
            process = subprocess.Popen([str(word) for word in self.importing], env=self.env, stdout=subprocess.DEVNULL)
            time.sleep(draw.random() * 0.15)
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.take_in()
        self.check_once(count)
        print(f"{killed} of {ROUNDS} imports were killed before their end")

    def test_many_lines(self):
        spool = self.written()
        for begin in range(0, LINES, 5000):
            spool.append(*(report(n) for n in range(begin, min(LINES, begin + 5000))))
        begun = time.monotonic()
        self.assertEqual(self.take_in("--remove")["removed"], 1)
        print(f"{LINES} lines of {spool.size // LINES} bytes taken in {time.monotonic() - begun:.2f} s")
        self.check_once(LINES)
        self.assertEqual(list(self.spool.iterdir()), [])

    def test_only_what_is_taken_in_whole_is_removed(self):
        torn = self.written("torn.jsonl", count=2)
        torn.raw(b"{")
        self.written("whole.jsonl").append(report(2))
        self.assertEqual(self.take_in("--remove")["removed"], 1)
        self.assertEqual([path.name for path in self.spool.iterdir()], ["torn.jsonl"])
        self.check_once(3)

    def test_clocks_may_be_wrong(self):
        spool = self.written()
        spool.append(report(0, time=1), report(1, time=9_223_372_036_854_775), report(2, time=9_223_372_036_854_776))
        self.assertEqual(self.take_in()["bad"], 1)
        self.assertEqual([event["time"] for event in transfers(self.ledger)], [1000, 9_223_372_036_854_775_000])


if __name__ == "__main__":
    main(needs=("git", "git-annex"))
