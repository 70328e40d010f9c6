"""The `readiness` command: the whole installation on one command, or one process of it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None) -> int:
    """Run the subcommand named in `arguments`. Return the exit code; a single process never returns."""
    options = _parser().parse_args(arguments)
    if options.command == "run":
        return _run(options)
    if options.command == "prepare":
        return _prepare()
    if options.command == "lint-runbook":
        from readiness import lint_runbook

        return lint_runbook.main(options, sys.stdout)
    return _become(options.command)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="readiness", description="Production readiness reviews.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser("run", help="start everything here, with its own PostgreSQL and Valkey")
    run.add_argument(
        "--demo", action="store_true", help="with demo data and one-click sign-ins, on this machine only"
    )
    run.add_argument(
        "--exit-with-parent", action="store_true", help="stop when the program that started this ends"
    )
    commands.add_parser("prepare", help="bring the database up to date: tables and the built-in checklist")
    commands.add_parser("web", help="the web server alone")
    commands.add_parser("worker", help="the worker for short tasks and probes alone")
    commands.add_parser("packets", help="the worker that renders packets alone")
    commands.add_parser("beat", help="the scheduler alone")
    lint = commands.add_parser("lint-runbook", help="say what is missing in runbooks, with line numbers")
    _add_lint_arguments(lint)
    return parser


def _add_lint_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="Markdown files; - reads standard input")
    parser.add_argument(
        "--format", choices=["text", "github", "sarif"], default="text", help="of the findings"
    )
    parser.add_argument("--alert", default="", help="name of the alert: a title that holds it names it")
    parser.add_argument("--template", action="store_true", help="print a runbook to start from")


def _run(options: argparse.Namespace) -> int:
    from readiness.embedded import run
    from readiness.embedded.places import CannotStart
    from readiness.embedded.process import die_with_parent

    if options.exit_with_parent:
        die_with_parent(signal.SIGTERM, os.getppid())
    try:
        plan = run.make_plan(dict(os.environ), demo=options.demo)
    except CannotStart as error:
        print(f"Readiness cannot start. {error}", file=sys.stderr)
        return 1
    return run.run(plan)


def _prepare() -> int:
    from readiness import prepare

    prepare.main()
    return 0


def _become(name: str) -> int:
    """Replace this process by the one called `name`, so that signals reach it."""
    from readiness import processes

    data = Path(os.environ.get("READINESS_DATA") or _ROOT / "var").resolve()
    known: dict[str, Callable[[], list[str]]] = {
        processes.WEB: processes.web,
        processes.WORKER: processes.worker,
        processes.PACKETS: processes.packets,
        processes.BEAT: lambda: processes.beat(data),
    }
    command = known[name]()
    os.execv(command[0], command)  # noqa: S606  # our own interpreter and fixed arguments


if __name__ == "__main__":
    sys.exit(main())
