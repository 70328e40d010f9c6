"""What has to come from the operating system: WeasyPrint's libraries, and what only the tests need.

Installed with apt where that is possible without asking; otherwise the exact command is shown.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",  # smaller fonts, and the same bytes on every machine
}
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_DRIVER = {"libatomic.so.1": "libatomic1"}  # of Playwright, which brings everything else
_PROGRAMS = {"pdftotext": "poppler-utils"}  # reads a packet independently of what made it


def main(arguments: list[str]) -> int:
    """Make sure that the `libraries`, or what the `tests` need, are there. Return the exit code."""
    missing = missing_packages(arguments[0])
    if not missing:
        return 0
    if not shutil.which("apt-get"):
        print(
            f"Readiness needs from your system: {', '.join(missing)} (names of Debian packages; pango and "
            "chromium "
            "elsewhere). Install them with your package manager, and run this again.",
            file=sys.stderr,
        )
        return 1
    prefix = _privileged()
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    if prefix is None:
        print(
            "Readiness needs a few packages of your system, and only root may install them. Please run\n\n"
            f"  sudo sh -c 'apt-get update && {' '.join(install)}'\n\nand then the same command again.",
            file=sys.stderr,
        )
        return 1
    print(f"Installing {' '.join(missing)} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if _quietly([*prefix, *install], environment) and _is_there(arguments[0]):
        return 0
    for command in ([*prefix, "apt-get", "update"], [*prefix, *install]):  # the lists may be missing or old
        done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0 or not _is_there(arguments[0]):
        print(f"That did not work. Please run it yourself: {' '.join([*prefix, *install])}", file=sys.stderr)
        return 1
    return 0


def missing_packages(what: str) -> list[str]:
    """Return the Debian packages that are missing for `libraries` or `tests`."""
    if what == "tests":
        programs = [package for program, package in _PROGRAMS.items() if not shutil.which(program)]
        return [*([] if chromium() else ["chromium"]), *programs, *_missing(_DRIVER)]
    return _missing(_LIBRARIES)


def chromium() -> str | None:
    """Return the path of an installed Chromium."""
    return next((path for name in _CHROMIUM if (path := shutil.which(name))), None)


def _is_there(what: str) -> bool:
    """Ask again in a fresh process: this one has already been told what there is not."""
    ask = f"from readiness.embedded import system as s; raise SystemExit(len(s.missing_packages({what!r})))"
    return subprocess.run([sys.executable, "-c", ask], check=False).returncode == 0


def _missing(libraries: dict[str, str]) -> list[str]:
    return [package for library, package in libraries.items() if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _privileged() -> list[str] | None:
    """Return what to put before a command so that it runs as root, or None if only a person can do that."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and _quietly([sudo, "--non-interactive", "true"], dict(os.environ)):
        return [sudo, "--non-interactive"]
    return None


def _quietly(command: list[str], environment: dict[str, str]) -> bool:
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
