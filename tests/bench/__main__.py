"""`python -m tests.bench`: start servers of its own, measure, and print the tables of docs/performance.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

import django


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parts = ["pages", "triggers", "tables", "packet"]
    parser.add_argument("what", nargs="*", choices=[*parts, []], help="default: all")
    parser.add_argument("--times", type=int, default=60, help="requests per page and size")
    options = parser.parse_args()
    wanted = options.what or parts
    from tests.bench.rig import rig

    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}\n")
    with rig() as (base, root, migrated):
        if "pages" in wanted:
            _pages(base, root, migrated, options.times)
        if "triggers" in wanted:
            from tests.bench import triggers

            triggers.main()
        if "tables" in wanted:
            from tests.bench import tables

            tables.main()
    if "packet" in wanted:
        from tests.bench import packet

        packet.main()


def _pages(base: str, root: int, migrated: float, times: int) -> None:
    from tests.bench import pages

    started = time.monotonic()
    found, memory = pages.run(base, root, times)
    print("| page | reviews | queries | CPU ms | ratio | p50 ms | p95 ms | p95/p50 | KB |")
    print("|---|---|---|---|---|---|---|---|---|")
    for row in sorted(found, key=lambda row: (row.page, row.reviews)):
        cost = row.cost
        spread = cost.p95_ms / cost.p50_ms
        print(
            f"| {row.page} | {row.reviews} | {row.queries} | {cost.cpu_ms:.2f} | {row.ratio:.1f} "
            f"| {cost.p50_ms:.1f} | {cost.p95_ms:.1f} | {spread:.2f} | {cost.size / 1024:.0f} |"
        )
    sizes = ", ".join(f"{megabytes:.0f} MB" for megabytes in memory.values())
    print(f"\nMigrating an empty database: {migrated:.1f} s. Web processes: {sizes} (master first).")
    print(f"Measured in {time.monotonic() - started:.0f} s.\n")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"
    # Sets DATABASE_URL, REDIS_URL and READINESS_DATA to servers of its own, before the settings are read.
    import readiness.embedded.testing  # noqa: F401

    django.setup()
    main()
