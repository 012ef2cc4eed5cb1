"""git-annex's side of the protocol, for tests that need to act in the middle of a transfer."""

import os
import select
import signal
import subprocess
import time

WATCHDOG = 60  # seconds; nothing takes long, so only a hang reaches this


class RemoteProcess:
    """The remote as git-annex starts it, in `cwd`. Queries are answered from `answers`."""

    def __init__(self, program, cwd, env, answers, extensions="INFO GETGITREMOTENAME ASYNC"):
        self.answers = {"GETCONFIG limit": "", "GETCONFIG verify": "", "GETCONFIG spool": "", **answers}
        self.pending = b""
        self.process = subprocess.Popen([str(program)], cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0)
        assert self.line() == "VERSION 2"
        self.send(f"EXTENSIONS {extensions}")
        self.asynchronous = "ASYNC" in self.line().split()
        reply = self.request("PREPARE")
        assert reply == "PREPARE-SUCCESS", reply

    def send(self, line):
        self.process.stdin.write(os.fsencode(line) + b"\n")

    def line(self):
        """The next line, None at the end of the output."""
        deadline = time.monotonic() + WATCHDOG
        while b"\n" not in self.pending:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError("the remote says nothing")
            chunk = os.read(self.process.stdout.fileno(), 65536)
            if not chunk:
                return None
            self.pending += chunk
        line, _, self.pending = self.pending.partition(b"\n")
        return os.fsdecode(line)

    def start(self, request, job=1):
        self.send(f"J {job} {request}" if self.asynchronous else request)

    def reply(self, job=1):
        """The reply to what was started; None when the process ends without one."""
        prefix = f"J {job} " if self.asynchronous else ""
        while (line := self.line()) is not None:
            assert line.startswith(prefix), line
            line = line.removeprefix(prefix)
            word = line.split(" ", 1)[0]
            if word in ("PROGRESS", "INFO", "DEBUG"):
                continue
            unset = "" if line.startswith("GETCONFIG ") else None  # as git-annex has it
            answer = self.answers.get(line, unset)
            if answer is None:
                return line
            self.send(f"{prefix}VALUE {answer}")
        return None

    def request(self, request, job=1):
        self.start(request, job)
        return self.reply(job)

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, seconds=WATCHDOG):
        """Closes what git-annex closes; the exit status, and what was said on standard error."""
        for pipe in (self.process.stdout, self.process.stdin):
            pipe.close()
        return self.wait(seconds)

    def wait(self, seconds=WATCHDOG):
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            raise
        errors = self.process.stderr.read()
        self.close()
        return status, errors

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self):
        for pipe in (self.process.stdout, self.process.stdin, self.process.stderr):
            pipe.close()
