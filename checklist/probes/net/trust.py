"""TLS contexts, made once a process: building one costs some 15 ms."""

from __future__ import annotations

import ssl
import warnings
from functools import lru_cache

import certifi

from checklist.probes.net.errors import BadSetup


@lru_cache(maxsize=8)
def client_context(ca_file: str = "") -> ssl.SSLContext:
    """A verifying context with Mozilla's authorities, and those of `ca_file` where one is named.

    `ssl.create_default_context` is not used: it writes session keys to a file when SSLKEYLOGFILE is set,
    and a bare Debian has no authorities for it to find. Raises BadSetup where the file cannot be read.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Browsers have ignored the common name for years (RFC 9525, section 2).
    context.hostname_checks_common_name = False
    context.load_verify_locations(cafile=certifi.where())
    if ca_file:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:
            raise BadSetup(
                "The file named by READINESS_EGRESS_CA cannot be read as PEM certificates."
            ) from error
    return context


@lru_cache(maxsize=1)
def unverified_context() -> ssl.SSLContext:
    """A context that takes any certificate, to read one that is bad. Never used to exchange data."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:!aNULL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


@lru_cache(maxsize=1)
def legacy_context() -> ssl.SSLContext:
    """A context that offers TLS 1.0 and 1.1 and nothing newer, with every cipher that this OpenSSL has."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:!aNULL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Offering them is the point here: a server that takes them is to be found.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context
