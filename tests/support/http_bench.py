"""For tests of stores behind web servers: a store with content, a clone that reads it by http, and the one question that
matters of each answer, which git-annex command said what."""

import re
import sys

from annex_bench import DATASET, AnnexTest, random_bytes
from web_servers import NGINX, Nginx, OddServer

LARGE = 3_000_000  # followed while it grows; the small one is renamed into place
FILES = {"large.tif": random_bytes(LARGE, 1), "small.tif": random_bytes(5000, 2), "empty": b""}


def needs_nginx():
    if not NGINX:
        print("SKIP: nginx is not installed")
        sys.exit(77)


class HttpTest(AnnexTest):
    def setUp(self):
        super().setUp()
        template = self.template("http")
        if not template.exists():
            self.make_template(template)
        for name in ("store", "reader"):
            self.run_ok("cp", "-aT", template / name, self.root / name)
        self.dataset = self.root / "store" / DATASET[:3] / DATASET[3:]
        self.clone = self.root / "reader"

    def make_template(self, template):
        self.make_store()
        writer = self.make_clone("writer", FILES)
        self.annex(writer, "copy", "--quiet", "--to", "cap", ".")
        reader = self.other_clone(writer, "reader")
        self.git(reader, "remote", "remove", "origin")  # the store is all there is
        # Test machines are busy, but silence must end some time.
        self.git(reader, "config", "http.lowSpeedTime", "5")
        template.mkdir()
        for name in ("store", "reader"):
            (self.root / name).rename(template / name)  # what the reader knows of the store's path leads nowhere now

    def nginx(self, server="", **kwargs):
        found = Nginx(self.root / f"nginx{len(list(self.root.glob('nginx*')))}", self.root / "store", server, **kwargs)
        self.addCleanup(found.stop)
        return found.start()

    def odd_server(self, odd=lambda handler, path: False):
        server = OddServer(self.root / "store", odd)
        self.addCleanup(server.stop)
        return server

    def read_from(self, url, clone=None):
        self.git(clone or self.clone, "config", "remote.cap.ora-url", f"ria+{url}")

    def get(self, *words, **kwargs):
        return self.run_raw("git", "-C", self.clone, "annex", "get", *(words or (".",)), **kwargs)

    def check_content(self, *names):
        for name in names or FILES:
            self.assertEqual((self.clone / name).read_bytes(), FILES[name], name)

    def drop_all(self):
        self.annex(self.clone, "drop", "--quiet", "--force", ".")

    def refused(self, name="small.tif", **kwargs):
        """The line that git annex get says why it could not."""
        result = self.get(name, **kwargs)
        self.assertEqual(result.returncode, 1, result)
        lines = [line.strip() for line in (result.stdout + result.stderr).splitlines() if "cannot retrieve" in line]
        self.assertEqual(len(lines), 1, result)
        return lines[0]

    def presence(self, name="small.tif", **kwargs):
        """What CHECKPRESENT was answered, and why when it was UNKNOWN."""
        key = self.key(self.clone, name)
        result = self.run_raw("git", "-C", self.clone, "annex", "--debug", "checkpresentkey", key, "cap", **kwargs)
        found = re.findall(r"CHECKPRESENT-(SUCCESS|FAILURE|UNKNOWN) \S+ ?(.*)", result.stderr)
        self.assertEqual(len(found), 1, result)
        return found[0][0], found[0][1].strip().rstrip('"')

    def object_path(self, name):
        return self.objects(self.dataset)[self.key(self.clone, name)]

    def put_back_cut(self, path, content):
        path.parent.chmod(0o755)
        path.chmod(0o644)
        path.write_bytes(content)
