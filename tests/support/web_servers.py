"""Web servers for tests: a real nginx with a configuration of its own, and one in Python for what nginx cannot do. Both
on loopback and a free port, ended by the test."""

import contextlib
import http.server
import pathlib
import shutil
import socket
import subprocess
import threading
import time

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  default_type application/octet-stream;
  log_format plain '$request_method $uri $status "$http_range" "$http_if_range" $body_bytes_sent';
  access_log {folder}/access.log plain;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen {listen};
    {tls}
    root {root};
    {server}
  }}
}}
"""


def free_port(family=socket.AF_INET):
    with socket.socket(family) as probe:
        probe.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Serves `root`; `server` is more of its configuration. start() and stop() may be repeated."""

    def __init__(self, folder, root, server="", certificate=None, address="127.0.0.1"):
        folder.mkdir()
        self.folder = folder
        self.port = free_port(socket.AF_INET6 if ":" in address else socket.AF_INET)
        host = f"[{address}]" if ":" in address else address
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://{host}:{self.port}"
        self.process = None
        tls = f"ssl_certificate {certificate}.pem; ssl_certificate_key {certificate}.key;" if certificate else ""
        self.fields = {"folder": folder, "listen": f"{host}:{self.port}" + (" ssl" if certificate else ""), "tls": tls,
                       "root": root}
        self.configure(server)

    def configure(self, server):
        """Takes effect at the next start."""
        (self.folder / "nginx.conf").write_text(CONFIGURATION.format(server=server, **self.fields))

    def start(self):
        # -e: before it has read where its log is.
        self.process = subprocess.Popen([NGINX, "-e", self.folder / "start.log", "-c", self.folder / "nginx.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder)
        deadline = time.monotonic() + 30
        host = self.url.split("//")[1].rpartition(":")[0].strip("[]")
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, self.port), 5):
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                logs = [path.read_text() for path in self.folder.glob("*.log")]
                raise RuntimeError(f"nginx does not start: {logs}")
            time.sleep(0.01)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self, server):
        self.stop()
        self.configure(server)
        return self.start()

    def requests(self):
        """Lines of the access log so far."""
        log = self.folder / "access.log"
        return log.read_text().splitlines() if log.exists() else []


def make_authority(folder, run):
    """A certificate authority (ca.pem) and a certificate of it for 127.0.0.1 (server.pem, server.key)."""
    folder.mkdir()
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Test CA",
        "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", folder / "server.key",
        "-out", folder / "server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    run("openssl", "x509", "-req", "-days", "2", "-in", folder / "server.csr", "-CA", folder / "ca.pem",
        "-CAkey", folder / "ca.key", "-CAcreateserial", "-extfile", folder / "names", "-out", folder / "server.pem")
    return folder / "ca.pem", folder / "server"


class OddServer:
    """Serves `root` with Range and ETag, but first asks `odd(handler, path)`, which answers by itself and returns true, or
    returns false. `seen` has (method, path, headers) of each request."""

    def __init__(self, root, odd=lambda handler, path: False):
        self.odd = odd
        self.root = pathlib.Path(root)
        self.seen = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *words):
                pass

            def do_GET(self):
                path = self.path.split("?")[0]
                outer.seen.append((self.command, path, dict(self.headers)))
                with contextlib.suppress(OSError):
                    if not outer.odd(self, path):
                        self.plain(path)

            do_HEAD = do_GET

            def say(self, status, body=b"", headers=(), length=None):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)
                if length not in (None, len(body)):
                    self.close_connection = True

            def content(self, path):
                file = outer.root / path.lstrip("/")
                return file.read_bytes() if file.is_file() else None

            def plain(self, path):
                body = self.content(path)
                if body is None:
                    return self.say(404)
                tag = ("ETag", f'"{len(body)}-{hash(body)}"')
                wanted = self.headers.get("Range")
                if not wanted or self.headers.get("If-Range", tag[1]) != tag[1]:
                    return self.say(200, body, [tag])
                first, last = wanted.removeprefix("bytes=").split("-")
                if int(first) >= len(body):
                    return self.say(416, headers=[("Content-Range", f"bytes */{len(body)}")])
                first, last = int(first), min(int(last or len(body)), len(body) - 1)
                return self.say(206, body[first:last + 1], [tag, ("Content-Range", f"bytes {first}-{last}/{len(body)}")])

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def paths(self, method):
        return [path for seen, path, _ in self.seen if seen == method]
