"""A running server and what it costs: CPU of its processes per request, memory, time per page."""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

TICK = os.sysconf("SC_CLK_TCK")
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """What one request costs: CPU of the web processes and wall clock, all in milliseconds."""

    cpu_ms: float
    p50_ms: float
    p95_ms: float
    size: int


class Visitor:
    """A reader with one connection that stays open; signed in with a session cookie, or a passer-by."""

    def __init__(
        self, base: str, cookie: tuple[str, str] | None = None, csrf: tuple[str, str] | None = None
    ) -> None:
        parts = urlsplit(base)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        self._token = csrf[1] if csrf else ""
        self._headers = {"Host": parts.netloc, "Origin": base}
        if cookie and csrf:
            self._headers["Cookie"] = f"{cookie[0]}={cookie[1]}; {csrf[0]}={csrf[1]}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        """Fetch `path`; return status and body."""
        return self._send("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, bytes]:
        """Post a form; return status and body."""
        body = urlencode({**fields, "csrfmiddlewaretoken": self._token})
        return self._send(
            "POST", path, body, {"Content-Type": "application/x-www-form-urlencoded", **headers}
        )

    def _send(self, verb: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
        try:
            self._connection.request(verb, path, body, {**self._headers, **headers})
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # Idle for longer than the server keeps a connection open: once more on a new one.
            self._connection.close()
            self._connection.request(verb, path, body, {**self._headers, **headers})
            answer = self._connection.getresponse()
        return answer.status, answer.read()


def processes(root: int) -> list[int]:
    """`root` and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        queue += children.get(pid, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time that the processes have used so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mb(pid: int) -> float:
    """Resident memory of one process, in MB (1,048,576 bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_SIZE / 1048576


def measure(pids: list[int], act: Callable[[], tuple[int, bytes]], times: int, expect: int = 200) -> Cost:
    """Do `act` a few times to warm up, then `times` times: the ticks of /proc are 10 ms, so do it often."""
    for _ in range(5):
        status, body = act()
        if status != expect:
            raise RuntimeError(f"answered {status}, expected {expect}: {body[:500]!r}")
    walls = []
    before = cpu_seconds(pids)
    for _ in range(times):
        start = time.perf_counter()
        status, body = act()
        walls.append((time.perf_counter() - start) * 1000)
        if status != expect:
            raise RuntimeError(f"answered {status}, expected {expect}")
    spent = cpu_seconds(pids) - before
    cuts = statistics.quantiles(walls, n=20)
    return Cost(spent / times * 1000, statistics.median(walls), cuts[18], len(body))
