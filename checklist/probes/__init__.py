"""Automated checks: how they are declared, run and judged.

Pure of Django's ORM and of requests: `runner.run_probe` takes plain data and an egress policy and gives plain
data back. Network access exists only in `checklist.probes.net`, behind one policy.
"""
