"""The sides of a comparison: our remote and the ones people use today, each set up the way their users do."""

import os
import shutil

from rig import run

DATASET = "0d5f2c9e-6a3b-4c1e-9f57-2b8a4e6c7d10"


class Peer:
    def __init__(self, name, store):
        self.name = name
        self.store = store

    def initremote(self, repository, env, *parameters):
        run(["git", "annex", "initremote", "-q", self.name, "encryption=none", *parameters], repository, env)

    def discard(self):
        for directory, names, _ in os.walk(self.store):
            os.chmod(directory, 0o755)
        shutil.rmtree(self.store, ignore_errors=True)


class Directory(Peer):
    def set_up(self, repository, env):
        os.makedirs(self.store)
        self.initremote(repository, env, "type=directory", "directory=" + self.store)


class RiaPeer(Peer):
    external = ""

    def set_up(self, repository, env):
        dataset = os.path.join(self.store, DATASET[:3], DATASET[3:])
        os.makedirs(os.path.join(dataset, "archives"))
        for directory, version in ((self.store, "1"), (dataset, "2")):
            with open(os.path.join(directory, "ria-layout-version"), "w") as file:
                file.write(version + "\n")
        self.initremote(repository, env, "type=external", "externaltype=" + self.external,
                        "url=ria+file://" + self.store, "archive-id=" + DATASET)


class Microstage(RiaPeer):
    external = "microstage"


class Ora(RiaPeer):
    external = "ora"


class Rclone(Peer):
    def set_up(self, repository, env):
        os.makedirs(self.store)
        config = os.path.join(repository, ".git", "rclone.conf")
        with open(config, "w") as file:
            file.write("[local]\ntype = local\n")
        env["RCLONE_CONFIG"] = config
        self.initremote(repository, env, "type=external", "externaltype=rclone", "target=local",
                        "prefix=" + self.store, "chunk=0", "rclone_layout=lower")


def available(capacity):
    """Our remote first, then the peers whose programs are here."""
    peers = [Microstage("microstage", os.path.join(capacity, "microstage")),
             Directory("directory", os.path.join(capacity, "directory"))]
    for kind, program in ((Ora, "git-annex-remote-ora"), (Rclone, "git-annex-remote-rclone")):
        name = program.rsplit("-", 1)[1]
        if shutil.which(program) and (name != "rclone" or shutil.which("rclone")):
            peers.append(kind(name, os.path.join(capacity, name)))
        else:
            print(f"left out: {name} ({program} is not installed)")
    return peers
