"""Make the virtual environment, unless it is already the one that the pinned requirements describe.

Runs on the system's Python, before anything is installed: standard library only, and a clear sentence when
that Python is too old or lacks its venv module.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NEEDED = (3, 11)


def main() -> int:
    """Make the environment named as argument current. Return the exit code."""
    if sys.version_info < NEEDED:
        return _fail(
            "Readiness needs Python 3.11 or newer, and %s is %s.\n"
            "Name a newer one, for example: make run PYTHON=python3.12"
            % (sys.executable, sys.version.split()[0])
        )
    venv = ROOT / sys.argv[1]
    steps = (
        ("environment", "%s %s" % (venv, sys.version), _make),
        ("requirements", _digest("requirements/dev.txt"), _install_requirements),
        ("project", _digest("pyproject.toml"), _install_project),
    )
    current = True
    for name, wanted, step in steps:  # a step is done again when it or one before it is no longer current
        mark = venv / ("made-for-%s" % name)
        current = current and mark.exists() and mark.read_text() == wanted
        if not current:
            mark.unlink(missing_ok=True)
            if problem := step(venv):
                return _fail(problem)
            mark.write_text(wanted)
    return 0


def _make(venv: Path) -> str:
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return ""
    return (
        "Python's venv module does not work here. On Debian and Ubuntu install it with:\n\n"
        "  apt-get install python3-venv\n\n%s%s" % (made.stdout, made.stderr)
    )


def _install_requirements(venv: Path) -> str:
    print("Installing the pinned packages into %s: a minute or two, once ..." % venv.name, flush=True)
    return _pip(venv, "--require-hashes", "-r", "requirements/dev.txt")


def _install_project(venv: Path) -> str:
    return _pip(venv, "--no-deps", "--no-build-isolation", "--editable", ".")


def _pip(venv: Path, *arguments: str) -> str:
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, *arguments], cwd=ROOT, check=False).returncode == 0:
        return ""
    return "Installing did not work: the reason is above. Run the same command again to go on."


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
