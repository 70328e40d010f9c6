"""Run every check and say in the end which failed, so that one run shows all that is to do."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

PRODUCTION = {
    "ALLOWED_HOSTS": "readiness.example.com",
    "DATABASE_URL": "postgres://readiness:password@database.example.com/readiness",
    "EMAIL_URL": "smtp+tls://user:password@mail.example.com:587",
    "READINESS_BASE_URL": "https://readiness.example.com",
    "REDIS_URL": "redis://broker.example.com/0",
    "SECURE_PROXY_SSL_HEADER": "X-Forwarded-Proto",
    "SECRET_KEY": "only-for-this-check-" + "0123456789abcdef" * 4,
}

CHECKS = {
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "types": ["mypy"],
    "templates": ["djlint", "--quiet", "--lint", "templates"],
    "imports": ["lint-imports"],
    "migrations": ["python", "-W", "ignore", "manage.py", "makemigrations", "--check", "--dry-run"],
    "deployment": ["python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
}


def main() -> int:
    """Run the checks named as arguments, or all. Return 1 if one failed."""
    failed = []
    with tempfile.TemporaryDirectory() as data:
        for name, command in CHECKS.items():
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            print(f"-- {name}", flush=True)
            environment = {**os.environ, "LOG_LEVEL": "ERROR", "READINESS_DATA": data}
            if name == "deployment":
                environment |= PRODUCTION
            program = str(BIN / command[0])
            done = subprocess.run([program, *command[1:]], cwd=ROOT, env=environment, check=False)
            if done.returncode != 0:
                failed.append(name)
    print(f"Failed: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
