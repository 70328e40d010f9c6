"""The HTTP API: JSON in and out, a service's token for each call, errors as Problem Details (RFC 9457)."""
