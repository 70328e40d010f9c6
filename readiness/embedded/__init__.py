"""The embedded default: PostgreSQL and Valkey from wheels, and a whole installation on one command."""
