"""Snapshot to packet: the frozen JSON of a signed-off review, and its PDF. No models here."""
