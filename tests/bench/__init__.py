"""Measurements: `make bench`. Ratios, query counts and growth, never pass or fail on a time."""
