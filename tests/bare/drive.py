"""Drive a clone through its life, as a person at a terminal would. Runs on the bare system's own Python.

Called by debian.sh inside a chroot, as root, in a process namespace of its own: every other process is ours.
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PLACE = Path(sys.argv[2])
PORT = os.environ["PORT"]
ACCOUNT = "somebody"
TEAM = "from readiness.accounts.models import Team"


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, command: list[str], account: str | None = None) -> None:
        if account:
            command = ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", "--", *command]
        self.text = ""
        self.started = time.monotonic()
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(PLACE)
            home = f"/home/{account}" if account else "/root"
            os.execvpe(command[0], command, {**os.environ, "HOME": home, "USER": account or "root"})

    def read(self, seconds: float) -> bool:
        """Read for a moment. Say whether the terminal is still open."""
        if select.select([self.descriptor], [], [], seconds)[0]:
            try:
                data = os.read(self.descriptor, 65536)
            except OSError:
                return False
            self.text += data.decode(errors="replace")
            return bool(data)
        return True

    def wait_for(self, pattern: str, seconds: float) -> float:
        """Wait until the output has `pattern`. Return the seconds since the start."""
        while not re.search(pattern, self.text):
            if not self.read(0.5) or time.monotonic() - self.started > seconds:
                fail(f"no “{pattern}” in:\n{self.text}")
        return time.monotonic() - self.started

    def end(self, seconds: float) -> int:
        """Wait until the command has ended. Return its wait status."""
        deadline = time.monotonic() + seconds
        while self.read(0.5):
            if time.monotonic() > deadline:
                fail(f"did not end in {seconds} s:\n{self.text}")
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.descriptor)
        return status

    def control_c(self) -> None:
        """Type Ctrl-C: the terminal sends SIGINT to everything in its foreground."""
        os.write(self.descriptor, b"\x03")


def fail(text: str) -> None:
    """Say why, and end."""
    print(f"FAILED: {text}", flush=True)
    sys.exit(1)


def say(text: str) -> None:
    """Tell what was seen."""
    print(f"   {text}", flush=True)


def others() -> list[str]:
    """Return the command lines of all processes but this one and its namespace's first."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        if line and int(entry.name) not in {1, os.getpid()}:
            found.append(f"{entry.name} {line[:100]}")
    return found


def supervisor() -> int:
    """Return the process id of the running supervisor."""
    for line in others():
        if re.search(r"python\S* \S*/bin/readiness run", line):
            return int(line.split()[0])
    fail(f"no supervisor among {others()}")
    return 0


def expect_nobody(seconds: float) -> None:
    """Fail unless all processes have ended within `seconds`."""
    deadline = time.monotonic() + seconds
    while left := others():
        if time.monotonic() > deadline:
            fail("left running:\n" + "\n".join(left))
        reap()
        time.sleep(0.2)


def reap() -> None:
    """Collect children of dead parents: this process is the first of its namespace."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def is_ready() -> None:
    """Fail unless /health/ready says ok."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health/ready", timeout=10) as answer:
        text = answer.read().decode()
    if '"status": "ok"' not in text:
        fail(text)


def manage(account: str | None, code: str) -> str:
    """Run `code` in the application's shell, beside the running installation."""
    prefix = ["setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups"] if account else []
    done = subprocess.run(
        [*prefix, ".venv/bin/python", "manage.py", "shell", "--no-imports", "-c", code],
        cwd=PLACE,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        fail(done.stdout + done.stderr)
    return done.stdout.strip()


def life(account: str | None) -> None:
    """Start cold, stop, start again, kill, start again: data is kept, nothing is left running."""
    up = "is running at"
    first = Terminal(["make", "run"], account)
    say(f"cold start, all packages from the network: {first.wait_for(up, 1800):.0f} s")
    is_ready()
    manage(
        account, "from readiness.accounts.models import Team; Team.objects.create(slug='kept', name='Kept')"
    )
    second = Terminal(["make", "run"], account)
    if not os.WEXITSTATUS(second.end(60)) or "already running" not in second.text:
        fail(f"a second start in the same place: {second.text}")
    first.control_c()
    began = time.monotonic()
    first.end(60)
    say(f"Ctrl-C: {time.monotonic() - began:.1f} s")
    if "Traceback" in first.text or "Stopped." not in first.text:
        fail(first.text)
    expect_nobody(5)

    again = Terminal(["make", "run"], account)
    say(f"second start: {again.wait_for(up, 120):.1f} s")
    os.kill(supervisor(), signal.SIGKILL)
    again.end(30)
    expect_nobody(20)
    say("kill -9 of the supervisor: nothing left")

    third = Terminal(["make", "run"], account)
    say(f"start after kill -9: {third.wait_for(up, 120):.1f} s")
    count = manage(
        account, "from readiness.accounts.models import Team; print(Team.objects.filter(slug='kept').count())"
    )
    if count != "1":
        fail(f"the team is there {count} times")
    os.kill(third.pid, signal.SIGKILL)  # make itself
    third.end(30)
    expect_nobody(40)
    say("kill -9 of make: nothing left; the data is kept")


def without_rights() -> None:
    """An ordinary account is told the exact command, which then works."""
    told = Terminal(["make", "run"], ACCOUNT)
    if not os.WEXITSTATUS(told.end(1800)):
        fail(f"it should have asked for the libraries: {told.text}")
    found = re.search(r"sudo sh -c '(.*)'", told.text)
    if not found:
        fail(told.text)
    else:
        say(f"told to run: {found.group(0)}")
        subprocess.run(["sh", "-c", found.group(1)], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Run the scenario named as the first argument."""
    scenario = sys.argv[1]
    if scenario == "test":
        tests = Terminal(["make", "test"])
        status = tests.end(3600)
        print(tests.text[-3000:])
        sys.exit(1 if status else 0)
    if scenario == "user":
        without_rights()
    life(ACCOUNT if scenario == "user" else None)


main()
