#!/usr/bin/env python3
"""Our remote beside ORA: two ways to one store under one uuid, in both directions. A copy there counts once, whichever
way it went or is removed; and one way serves when the other is disabled."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from microstage_testing import digests, main  # noqa: E402
from ora_testing import OraTest  # noqa: E402


class Beside(OraTest):
    def setUp(self):
        super().setUp()
        self.section = self.make_dataset(planes=2)
        self.planes = digests(self.section)

    def uuid(self, remote):
        return self.git(self.section, "config", f"remote.{remote}.annex-uuid")

    def plane(self):
        return sorted(self.planes)[0]

    def copies(self, env, repository):
        """How often whereis names each uuid."""
        found = self.annex(env, repository, "whereis", "--format=${uuid}\\n", self.plane()).split()
        self.assertEqual(len(found), len(set(found)), "a uuid counted twice")
        return set(found)

    def accounting(self, ours, ora):
        """In one clone with both ways enabled; the content is in the store and here."""
        uuid = self.uuid(ours)
        self.assertEqual(uuid, self.uuid(ora))
        here = self.git(self.section, "config", "annex.uuid")
        self.assertEqual(self.copies(self.both, self.section), {uuid, here})
        # Two remotes, one copy: two copies cannot be had from the store alone.
        refused = self.run_raw("git", "-C", self.section, "annex", "drop", "--numcopies=2", self.plane(), env=self.both)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("1 out of 2 necessary copies", refused.stdout + refused.stderr)
        self.drop(self.both, self.section)
        # Ours is cheaper; each serves when it is asked.
        self.assertEqual(self.get(self.both, self.section, self.planes), {f"from {ours}..."})
        for remote in (ours, ora):
            self.annex_drop(self.both, self.section)
            self.assertEqual(self.annex_get(self.both, self.section, self.planes, "--from", remote),
                             {f"from {remote}..."})
        # What is removed or stored by one way is so for the other.
        for first, second in ((ours, ora), (ora, ours)):
            self.annex(self.both, self.section, "drop", "--from", first, self.plane())
            self.assertEqual(self.copies(self.both, self.section), {here})
            self.assertEqual(self.annex(self.both, self.section, "fsck", "--fast", "--quiet", "--from", second,
                                        self.plane()), "")
            self.assertEqual(self.copies(self.both, self.section), {here})
            self.annex(self.both, self.section, "copy", "--to", second, self.plane())
            self.assertEqual(self.copies(self.both, self.section), {uuid, here})
            self.annex(self.both, self.section, "fsck", "--quiet", "--from", first, self.plane())

    def one_disabled(self, ours, ora):
        for off, on in ((ours, ora), (ora, ours)):
            self.git(self.section, "config", f"remote.{off}.annex-ignore", "true")
            self.annex_drop(self.both, self.section)
            self.assertEqual(self.annex_get(self.both, self.section, self.planes), {f"from {on}..."})
            self.git(self.section, "config", "--unset", f"remote.{off}.annex-ignore")
        self.git(self.section, "remote", "remove", ora)
        self.annex_drop(self.both, self.section)
        self.annex_get(self.both, self.section, self.planes)
        self.annex(self.both, self.section, "enableremote", ora)

    def test_ours_as_partner_of_an_ora_remote(self):
        self.create(self.stock, self.section)
        self.datalad_push(self.stock, self.section)
        self.annex(self.both, self.section, "initremote", "fast", "--sameas=capacity-storage", "type=external",
                   "externaltype=microstage", "autoenable=true", f"url={self.url}",
                   f"archive-id={self.dataset_id(self.section)}")
        self.accounting("fast", "capacity-storage")
        self.one_disabled("fast", "capacity-storage")
        self.datalad_push(self.both, self.section)
        # A clone enables both by itself, and without our program it has DataLad's.
        clone = self.clone(self.both, self.section, "clone")
        self.assertEqual(self.get(self.both, clone, self.planes), {"from fast..."})
        poor = self.clone(self.stock, self.section, "poor")
        self.assertEqual(self.get(self.stock, poor, self.planes), {"from capacity-storage..."})

    def test_ora_as_partner_of_ours(self):
        self.init()
        self.connect(self.section, env=self.both)
        self.datalad_push(self.both, self.section)
        self.accounting("capacity-storage", "capacity-ora")
        self.one_disabled("capacity-storage", "capacity-ora")
        siblings = {record["name"] for record in self.datalad(self.both, "siblings", cwd=self.section)}
        self.assertEqual(siblings, {"here", "capacity", "capacity-storage", "capacity-ora"})

    def test_connect_finds_the_ora_remote_and_joins_it(self):
        self.create(self.stock, self.section)
        self.datalad_push(self.stock, self.section)
        result, = self.connect(self.section, env=self.both)
        self.assertEqual((result["uuid"], result["storage"], result["ora"]),
                         (self.uuid("capacity-storage"), "capacity-microstage", "capacity-storage"))
        self.annex_drop(self.both, self.section)
        self.assertEqual(self.annex_get(self.both, self.section, self.planes), {"from capacity-microstage..."})


if __name__ == "__main__":
    main()
