"""Make the virtual environment, unless it is already the one that the pinned requirements describe.

Runs on the system's Python, before anything is installed: standard library only, and a clear sentence when
the Python is too old or lacks its venv module.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (3, 11)


def main() -> int:
    """Make `.venv` (or the directory named as argument) current. Return the exit code."""
    if sys.version_info < NEEDED:
        found = ".".join(map(str, sys.version_info[:3]))
        return _fail(
            "Readiness needs Python 3.11 or newer, and %s is %s.\n"
            "Name a newer one: make %s PYTHON=python3.12" % (sys.executable, found, "run")
        )
    venv = ROOT / (sys.argv[1] if len(sys.argv) > 1 else ".venv")
    stamp = venv / "installed"
    wanted = _fingerprint(venv)
    if stamp.exists() and stamp.read_text() == wanted and (venv / "bin" / "readiness").exists():
        return 0
    stamp.unlink(missing_ok=True)
    print("Installing into %s (once, and when requirements change) ..." % venv.name, flush=True)
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        return _fail(
            "Python's venv module does not work here. On Debian and Ubuntu install it with:\n"
            "  apt-get install python3-venv\n" + made.stdout + made.stderr
        )
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for arguments in (
        ["--require-hashes", "-r", "requirements/dev.txt"],
        ["--no-deps", "--no-build-isolation", "--editable", "."],
    ):
        if subprocess.run([*pip, *arguments], cwd=ROOT, check=False).returncode != 0:
            return _fail("Installing did not work: the reason is above. Run the same command again to go on.")
    stamp.write_text(wanted)
    return 0


def _fingerprint(venv: Path) -> str:
    """Return what the environment depends on: Python, its place, the pinned packages, the project."""
    digest = hashlib.sha256()
    for name in ("requirements/dev.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    return "%s\n%s\n%s\n" % (venv, sys.version, digest.hexdigest())


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
