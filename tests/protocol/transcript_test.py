#!/usr/bin/env python3
"""Plays git-annex's side of recorded dialogues against the real executable: as they were, cut off after every byte, and
damaged in every line. It answers or ends cleanly, and never leaves a wrong object."""

import collections
import itertools
import os
import pathlib
import queue
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from annex_bench import SOAK, AnnexTest
from microstage_testing import is_sanitized, main
from transcript import CONTENTS, Player, Stage, Transcript, key_of

TRANSCRIPTS = [Transcript(path) for path in sorted((HERE / "transcripts").glob("*.txt"))]
# Evenly spread; the soak does all of them, but with a sanitizer each takes ten times as long.
MOST_CUTS, MOST_DAMAGES = ((6000, 3000) if is_sanitized() else (10**9, 10**9)) if SOAK else (900, 400)
WORKERS = 8  # they mostly wait
# How long a line is waited for that, after damage, may never come.
SHORT = 0.04
JUNK = bytes(range(256)).replace(b"\n", b"") + b"\n"


def sample(cases, most):
    """At most so many of them, evenly."""
    if len(cases) <= most:
        return cases
    return [cases[i * len(cases) // most] for i in range(most)]


def damaged(data, how):
    """The bytes that are sent in place of one line."""
    word, blank, rest = data.partition(b" ")
    if word == b"J":  # the command, not the mark of the job
        number, _, rest = rest.partition(b" ")
        word, blank, rest = rest.rstrip(b"\n").partition(b" ")
        prefix = b"J " + number + b" "
        rest += b"\n"
    else:
        prefix = b""
    return {"dropped": b"", "doubled": data + data, "garbled": prefix + word[::-1].strip() + b"\xff" + blank + rest,
            "shortened": data[:-2] + b"\n", "without its end": data[:-1], "after junk": JUNK + data,
            "with a carriage return": data[:-1] + b"\r\n", "with a zero byte": data[:-1] + b"\0\n"}[how]


DAMAGES = ("dropped", "doubled", "garbled", "shortened", "without its end", "after junk", "with a carriage return",
           "with a zero byte")


class Transcripts(AnnexTest):
    def play(self, stage, number, transcript, cut=None, damage=None):
        """One dialogue. `cut`: (line, bytes of it that are sent). `damage`: (line, how). Returns the complaints."""
        player = Player(stage, transcript, number)
        complaints = []
        patience = 20
        for i, (mark, text) in enumerate(transcript.lines):
            if mark == ">":
                came = player.expect(text, patience)
                if not came and damage is None:
                    complaints.append(f"'{text}' did not come, but {player.heard}")
                    break
                continue
            data = player.encoded(text)
            if cut and cut[0] == i:
                player.send(data[:cut[1]])
                break
            if damage and damage[0] == i:
                data = damaged(data, damage[1])
                patience = SHORT
            player.send(data)
        status, errors = player.end()
        if status not in ((0, 1) if damage else (0,)):
            complaints.append(f"ended with {status}")
        if errors:
            complaints.append(f"standard error: {errors}")
        if unknown := player.unknown_lines():
            complaints.append(f"no protocol: {unknown}")
        if wrong := stage.wrong_files():
            complaints.append(f"wrong files: {wrong}")
        if cut is None and damage is None:
            complaints += self.complaints_at_the_end(stage, transcript, player)
        stage.strike()
        return complaints

    @staticmethod
    def complaints_at_the_end(stage, transcript, player):
        left = [line for line in player.heard if b"PROGRESS" not in line]
        found = [f"said besides: {left}"] if left else []
        objects = {path.name for path in (stage.dataset / "annex/objects").rglob("*") if path.is_file()}
        wanted = {key_of(name) for name in CONTENTS}
        if transcript.name.endswith("copy") and objects != wanted:
            found.append(f"the store has {objects}")
        if transcript.name.endswith("remove") and objects:
            found.append(f"the store still has {objects}")
        if not stage.tree_is(transcript.tree):
            found.append(f"the tree has {sorted(stage.tree.rglob('*'))}")
        if (stage.dataset / ".microstage").exists() or (stage.clone / ".git/annex/microstage").exists():
            found.append("litter")
        if transcript.name.endswith("get"):
            for name in CONTENTS:
                if not (stage.clone / ".git/annex/tmp" / key_of(name)).exists():
                    found.append(f"{name} was not retrieved")
        return found

    def run_cases(self, cases):
        """Each case is the keyword arguments of play; a few play at once."""
        todo, failures = queue.SimpleQueue(), collections.deque()
        for number, case in enumerate(cases):
            todo.put((number, case))

        def work(stage):
            while len(failures) < 10:
                try:
                    number, case = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    complaints = self.play(stage, number, **case)
                except Exception as error:  # would be lost in a thread
                    complaints = [repr(error)]
                if complaints:
                    failures.append((case["transcript"].name, case.get("cut"), case.get("damage"), complaints))

        threads = []
        for worker in range(WORKERS):
            root = self.root / f"worker{worker}"
            root.mkdir()
            threads.append(threading.Thread(target=work, args=(Stage(root, self.env),)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        self.assertEqual(list(failures), [])
        print(f"{len(cases)} dialogues", flush=True)

    def test_as_recorded(self):
        self.assertGreater(len(TRANSCRIPTS), 20)
        self.run_cases([{"transcript": transcript} for transcript in TRANSCRIPTS])

    def test_cut_at_every_byte(self):
        cases = [{"transcript": transcript, "cut": (i, end)} for transcript in TRANSCRIPTS
                 for i in transcript.input_lines() for end in range(len(os.fsencode(transcript.lines[i][1])) + 1)]
        self.run_cases(sample(cases, MOST_CUTS))

    def test_damaged_at_every_line(self):
        cases = [{"transcript": transcript, "damage": (i, how)} for transcript in TRANSCRIPTS
                 for i, how in itertools.product(transcript.input_lines(), DAMAGES)]
        self.run_cases(sample(cases, MOST_DAMAGES))


if __name__ == "__main__":
    main(needs=("git",))
