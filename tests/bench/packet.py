"""Packets: 100 items with 200 pieces of evidence, beside WeasyPrint alone and Chromium on the same HTML.

Each is measured in a process of its own, in turns, and the least of several runs counts: other work on the
machine only ever adds. CPU is user and system time of the process and of all that it started.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 2
_PR_SET_CHILD_SUBREAPER = 36
_CHROMIUM = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer")


def rows() -> list[dict[str, Any]]:
    """Measure; return a row for each way to make the pages: CPU seconds, pages, peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        _child("html", folder)
        found: dict[str, dict[str, Any]] = {}
        for _ in range(ROUNDS):
            for way in ("packet", "weasyprint", *(("chromium",) if shutil.which("chromium") else ())):
                row = _child(way, folder)
                if way not in found or row["cpu_s"] < found[way]["cpu_s"]:
                    found[way] = row
    packet = found["packet"]["cpu_s"]
    return [{"way": way, **row, "ratio": packet / row["cpu_s"]} for way, row in found.items()]


def main() -> None:
    """Print the table of docs/performance.md."""
    print("| 100 items, 200 pieces of evidence | CPU s | packet / this | pages | peak MB |")
    print("|---|---|---|---|---|")
    for row in rows():
        pages, peak = row.get("pages") or "", f"{row['peak_mb']:.0f}" if row.get("peak_mb") else ""
        print(f"| {_WORDS[row['way']]} | {row['cpu_s']:.2f} | {row['ratio']:.2f} | {pages} | {peak} |")


_WORDS = {
    "packet": "packet, in a worker that has made one before",
    "weasyprint": "WeasyPrint alone, the same HTML, the same worker",
    "chromium": "Chromium, the same HTML, its start included",
}


def _child(way: str, folder: str) -> dict[str, Any]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "readiness.settings"}
    command = [sys.executable, "-m", "tests.bench.packet", way, folder]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _content() -> bytes:
    from tests.packets import factory

    return factory.content(items=100, evidence_each=2, section_count=9, events=330)


def _html() -> str:
    from reviews.packets.document import to_html
    from reviews.packets.schema import content_hash, parse

    content = _content()
    return to_html(parse(content), content_hash(content))


def _least(make: Callable[[], int]) -> dict[str, Any]:
    """CPU of the fastest of two runs after one that does not count, and the peak of the process."""
    pages = make()
    spent = []
    for _ in range(2):
        before = time.process_time()
        make()
        spent.append(time.process_time() - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"cpu_s": min(spent), "pages": pages, "peak_mb": peak}


def _packet(_folder: Path) -> dict[str, Any]:
    from reviews.packets.render import render_packet

    content = _content()
    return _least(lambda: render_packet(content).pages)


def _weasyprint(_folder: Path) -> dict[str, Any]:
    from weasyprint import HTML

    from reviews.packets.typesetter import kit

    html, (fonts, css, fetcher) = _html(), kit()

    def make() -> int:
        document = HTML(string=html, url_fetcher=fetcher).render(font_config=fonts, stylesheets=[css])
        document.write_pdf()
        return len(document.pages)

    return _least(make)


def _write_html(folder: Path) -> dict[str, Any]:
    from reviews.packets.assets import ASSETS

    fonts = "".join(
        f'@font-face {{ font-family: "{family}"; src: url("file://{ASSETS}/fonts/{file}"); {more} }}'
        for family, file, more in (
            ("Inter", "Inter-Regular.ttf", ""),
            ("Inter", "Inter-SemiBold.ttf", "font-weight: 600"),
            ("Inter", "Inter-Italic.ttf", "font-style: italic"),
            ("JetBrains Mono", "JetBrainsMono-Regular.ttf", ""),
            ("DejaVu Sans", "DejaVuSans.ttf", ""),
        )
    )
    style = f'<meta charset="utf-8"><style>{fonts}{(ASSETS / "packet.css").read_text()}</style></head>'
    (folder / "packet.html").write_text(_html().replace("</head>", style), "utf-8")
    return {}


def _chromium(folder: Path) -> dict[str, Any]:
    # Processes that Chromium leaves behind become ours, so that their time is counted, too.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        target = f"--print-to-pdf={folder}/chromium.pdf"
        places = (f"--user-data-dir={profile}", target, f"file://{folder}/packet.html")
        subprocess.run(["chromium", *_CHROMIUM, *places], capture_output=True, check=True, timeout=300)
        deadline = time.monotonic() + 20
        with contextlib.suppress(ChildProcessError):
            while time.monotonic() < deadline:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.02)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"cpu_s": used.ru_utime + used.ru_stime}


if __name__ == "__main__":
    import django

    django.setup()
    ways = {"html": _write_html, "packet": _packet, "weasyprint": _weasyprint, "chromium": _chromium}
    print(json.dumps(ways[sys.argv[1]](Path(sys.argv[2]))))
