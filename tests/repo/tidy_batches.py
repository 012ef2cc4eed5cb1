"""Several sources as one translation unit, for clang-tidy: what takes its time are the headers of the standard library
and of Catch2, parsed and searched again for each source.

The text of each source is copied below the includes of all, so that it stays the main file's, for which compilers
warn of more than for what is included. Programs and tests (`using namespace microstage…`) get a namespace each; sources
of libraries share a batch only when no name that they declare at the left margin is declared by two. Where that goes
wrong the batch does not compile, and its sources are looked at one by one: it costs time and nothing else."""

import re
import shlex

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"].*$', re.M)
OWN_SCOPE = re.compile(r"^using namespace microstage(::\w+)*;", re.M)
# The name that a line at the left margin declares: of a type, or what stands before ( = { [ or ; unless it is qualified.
DECLARED = re.compile(r"^(?!namespace\b|using namespace\b)"
                      r"(?:(?:template <.*> )?(?:struct|class|enum class|enum|union|using) (\w+)"
                      r"|[a-zA-Z_\[][^(={;]*?(?<!::)\b(\w+) ?[({=;\[])", re.M)
LARGEST = 12


def flags(entry):
    """How an entry of compile_commands.json compiles, without the compiler and the file's own names."""
    words = shlex.split(entry["command"])[1:]
    for option in ("-o", "-c"):
        at = words.index(option)
        del words[at:at + 2]
    return tuple(words)


class Batch:
    def __init__(self):
        self.entries = []
        self.names = set()

    def takes(self, names):
        return len(self.entries) < LARGEST and not self.names & names

    def add(self, entry, names):
        self.entries.append(entry)
        self.names |= names


def declared(text):
    """What two sources of one batch must not both declare."""
    return {first or second for first, second in DECLARED.findall(text)}


def batches(entries):
    """The entries, those together that can be."""
    made = {}
    for entry in entries:
        with open(entry["file"], encoding="utf-8") as file:
            text = file.read()
        own_scope = bool(OWN_SCOPE.search(text))
        names = set() if own_scope else declared(text)
        alike = made.setdefault((flags(entry), own_scope), [])
        batch = next((batch for batch in alike if batch.takes(names)), None)
        if not batch:
            alike.append(batch := Batch())
        batch.add(entry, names)
    return [batch.entries for alike in made.values() for batch in alike]


def merged(paths):
    """The text of the batch, and of each of its lines the path it is from, or None."""
    includes, body, origin = [], [], []
    for number, path in enumerate(paths):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        includes += [line.strip() for line in INCLUDE.findall(text)]
        own = INCLUDE.sub("", text).splitlines()
        if OWN_SCOPE.search(text):
            own = [f"namespace source_{number} {{", *own, "}"]
        body += own
        origin += [path] * len(own)
    includes = list(dict.fromkeys(includes))
    return "\n".join(includes + body) + "\n", [None] * len(includes) + origin
