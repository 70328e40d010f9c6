"""Where a request may lead: redirects, our own neighbours, the environment, and being asked to come again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from checklist.probes.context import ProbeContext
from checklist.probes.net import client as client_module
from checklist.probes.net.errors import Blocked, NetError, TlsFailed
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.net.trust import client_context
from tests.probes.servers import http_server, name_server, path_of, response, tcp_server

ContextFor = Callable[..., ProbeContext]


def redirect(to: str, status: int = 302) -> bytes:
    return response(status=status, headers={"Location": to})


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://metadata.google.internal/",
        "http://127.0.0.1:22/",
        "http://127.0.0.1:5432/",
        "http://127.0.0.2/",
        "http://2852039166/",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://10.0.0.1/",
        "http://localhost:6379/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://127.0.0.1/",
        "dict://127.0.0.1:6379/",
        "data:,x",
        "http://user:pw@127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://[fe80::1%25lo]/",
        "http://[",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_to_forbidden_places_are_blocked(
    context_for: ContextFor, location: str, status: int
) -> None:
    with http_server(redirect(location, status)) as web:
        with pytest.raises(Blocked, match=r"^Blocked by egress policy: a redirect is not followed"):
            context_for(web.port).http.get(web.url)
        assert len(web.requests) == 1


def test_redirects_that_are_allowed_are_followed_one_by_one(context_for: ContextFor) -> None:
    def answer(request: bytes) -> bytes:
        return redirect(f"//127.0.0.1:{web.port}/b") if path_of(request) == "/" else response("end")

    with http_server(answer) as web:
        exchange = context_for(web.port).http.get(web.url)
    assert [hop.status for hop in exchange.hops] == [302, 200]
    assert (exchange.last.body, exchange.stopped) == (b"end", "")


def test_loops_and_long_chains_are_stopped(context_for: ContextFor) -> None:
    def chain(request: bytes) -> bytes:
        return redirect(path_of(request) + "x")

    with http_server(redirect("/#again")) as web:
        exchange = context_for(web.port).http.get(web.url)
        assert (len(web.requests), exchange.stopped) == (1, "the redirects go in a circle")
    with http_server(chain) as web:
        exchange = context_for(web.port).http.get(web.url)
        assert (len(web.requests), exchange.stopped) == (4, "more than 3 redirects")


def test_from_https_to_http_is_not_followed(context_for: ContextFor, server_tls) -> None:
    with http_server(response("plain")) as plain, http_server(redirect(plain.url), tls=server_tls) as secure:
        exchange = context_for(plain.port, secure.port).http.get(f"https://localhost:{secure.port}/")
        assert exchange.stopped == "a redirect leads from https to http"
        assert plain.requests == []


def test_credentials_are_never_sent_along_a_redirect(context_for: ContextFor) -> None:
    with http_server(response("other")) as other, http_server(redirect(other.url)) as web:
        ctx = context_for(web.port, other.port)
        exchange = ctx.http.get(web.url, secret_headers={"Authorization": "Bearer s3cret"})
        assert b"Bearer s3cret" in web.requests[0]
        assert (exchange.last.status, exchange.stopped) == (302, "redirects are not followed")
        assert other.requests == []


def test_cookies_are_not_kept_between_hops(context_for: ContextFor) -> None:
    def answer(request: bytes) -> bytes:
        if path_of(request) == "/":
            return response(status=302, headers={"Location": "/b", "Set-Cookie": "a=b"})
        return response("end")

    with http_server(answer) as web:
        context_for(web.port).http.get(web.url)
        assert b"cookie" not in web.requests[1].lower()


# -- What surrounds us ---------------------------------------------------------------------------------------


def test_our_own_database_and_broker_are_out_of_reach(context_for: ContextFor) -> None:
    """Also on an allowed address, and also by redirect: the ports of the operator's list decide."""
    with tcp_server(lambda _: None) as database, http_server(redirect(database.url)) as web:
        ctx = context_for(web.port)
        for url in (database.url, f"http://localhost:{database.port}/", web.url):
            with pytest.raises(Blocked):
                ctx.http.get(url)
        with pytest.raises(Blocked):
            ctx.tls.target(f"https://127.0.0.1:{database.port}/")
        assert database.connections == 0


@pytest.mark.parametrize(
    "names", [("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), ("http_proxy", "https_proxy", "all_proxy")]
)
def test_proxies_in_the_environment_are_not_used(
    context_for: ContextFor, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    with http_server(response("by proxy")) as proxy, http_server(response("direct")) as web:
        for name in names:
            monkeypatch.setenv(name, proxy.url)
        assert context_for(web.port, proxy.port).http.get(web.url).last.body == b"direct"
        assert proxy.connections == 0


def test_keys_and_authorities_in_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ca_file: str, context_for: ContextFor, server_tls
) -> None:
    client_context.cache_clear()
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    monkeypatch.setenv("SSL_CERT_FILE", ca_file)
    with http_server(response("x"), tls=server_tls) as web:
        policy = EgressPolicy.from_setting(f"127.0.0.1/32:{web.port}")
        with pytest.raises(TlsFailed):
            ProbeContext.for_run(policy, 5).http.get(f"https://localhost:{web.port}/")
    assert not (tmp_path / "keys").exists()
    client_context.cache_clear()


def test_certificates_and_names_are_verified(context_for: ContextFor, server_tls) -> None:
    with (
        http_server(response("x"), tls=server_tls) as web,
        name_server({("bad.test", "A"): ["127.0.0.1"]}) as names,
    ):
        ctx = context_for(web.port, nameserver=names.address)
        assert ctx.http.get(f"https://localhost:{web.port}/").last.status == 200
        with pytest.raises(TlsFailed, match="not accepted"):
            ctx.http.get(f"https://bad.test:{web.port}/")


def test_a_request_cannot_be_split_by_its_url_or_headers(context_for: ContextFor) -> None:
    with http_server(response("x")) as web:
        ctx = context_for(web.port)
        with pytest.raises(Blocked):
            ctx.http.get(web.url + "x HTTP/1.1\r\nX-Evil: 1\r\n\r\n")
        with pytest.raises(NetError):
            ctx.http.get(web.url, headers={"X-Id": "a\r\nX-Evil: 1"})
        assert all(b"X-Evil" not in request for request in web.requests)


# -- Retries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_busy_servers_are_asked_again_as_they_say(context_for: ContextFor, status: int) -> None:
    def busy(request: bytes) -> bytes:
        return (
            response(status=status, headers={"Retry-After": "2"}) if len(web.requests) < 3 else response("ok")
        )

    waits: list[float] = []
    with http_server(busy) as web:
        http = context_for(web.port, seconds=9).http
        http.sleep = waits.append
        assert http.get(web.url).last.status == 200
        assert waits == [2.0, 2.0]


@pytest.mark.parametrize("after", ["3600", "Wed, 21 Oct 2065 07:28:00 GMT", "-1", "nan", "1e9"])
def test_nobody_is_waited_for_longer_than_the_deadline(context_for: ContextFor, after: str) -> None:
    waits: list[float] = []
    with http_server(response(status=503, headers={"Retry-After": after})) as web:
        http = context_for(web.port).http
        http.sleep = waits.append
        assert http.get(web.url).last.status == 503
        assert (waits, len(web.requests)) == ([], 1)


def test_other_errors_are_not_retried(context_for: ContextFor) -> None:
    with http_server(response(status=500)) as web:
        assert context_for(web.port).http.get(web.url).last.status == 500
        assert len(web.requests) == 1
        assert {429, 502, 503, 504} == client_module.RETRIED
