"""Parsers of what services are imported from. Pure: text in, rows and problems out; no ORM, no request."""
