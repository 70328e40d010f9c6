"""Hostile name servers: what names lead to is checked on every dial, and the checked address is dialled."""

from __future__ import annotations

import time
from collections.abc import Callable
from ipaddress import ip_address

import pytest

from checklist.probes.context import ProbeContext
from checklist.probes.net.backend import Guard
from checklist.probes.net.deadline import Deadline
from checklist.probes.net.errors import Blocked, ConnectFailed, DnsFailed, TimedOut
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.net.resolver import Resolver
from tests.probes.servers import Zone, http_server, name_server, path_of, response

ContextFor = Callable[..., ProbeContext]
OK = response("fine", headers={"Content-Type": "text/plain"})


def test_a_name_that_leads_to_an_allowed_address_is_asked(context_for: ContextFor) -> None:
    with http_server(OK) as web, name_server({("app.test", "A"): ["127.0.0.1"]}) as names:
        ctx = context_for(web.port, nameserver=names.address)
        answer = ctx.http.get(f"http://app.test:{web.port}/").last
        assert (answer.status, answer.body, answer.peer) == (200, b"fine", "127.0.0.1")
        assert f"Host: app.test:{web.port}".encode() in web.requests[0]


def test_a_trailing_dot_is_the_same_host(context_for: ContextFor) -> None:
    with http_server(OK) as web, name_server({("app.test", "A"): ["127.0.0.1"]}) as names:
        ctx = context_for(web.port, nameserver=names.address)
        assert ctx.http.get(f"http://APP.test.:{web.port}/").last.status == 200
        assert f"Host: app.test:{web.port}\r\n".encode() in web.requests[0]


@pytest.mark.parametrize(
    "zone",
    [
        {("app.test", "A"): ["127.0.0.1", "169.254.169.254"]},
        {("app.test", "A"): ["127.0.0.1", "127.0.0.2"]},
        {("app.test", "A"): ["127.0.0.1"], ("app.test", "AAAA"): ["fd00:ec2::254"]},
        {("app.test", "A"): ["127.0.0.1"], ("app.test", "AAAA"): ["::1"]},
        {("app.test", "AAAA"): ["::ffff:127.0.0.2"]},
        {("app.test", "AAAA"): ["64:ff9b::7f00:1"]},
        {("app.test", "AAAA"): ["fe80::1"]},
        {("app.test", "CNAME"): ["inside.test."], ("inside.test", "A"): ["127.0.0.2"]},
        {
            ("app.test", "CNAME"): ["metadata.google.internal."],
            ("metadata.google.internal", "A"): ["169.254.169.254"],
        },
    ],
    ids=[
        "metadata too",
        "neighbour too",
        "metadata in AAAA",
        "loopback in AAAA",
        "mapped",
        "nat64",
        "link-local",
        "alias to inside",
        "alias to metadata",
    ],
)
def test_one_bad_address_blocks_the_name(context_for: ContextFor, zone: Zone) -> None:
    with http_server(OK) as web, name_server(zone) as names:
        ctx = context_for(web.port, nameserver=names.address)
        with pytest.raises(Blocked, match=r"^Blocked by egress policy: app\.test leads to"):
            ctx.http.get(f"http://app.test:{web.port}/")
        assert web.connections == 0


def test_a_mapped_answer_is_dialled_as_the_ipv4_address_it_is(context_for: ContextFor) -> None:
    with http_server(OK) as web, name_server({("app.test", "AAAA"): ["::ffff:127.0.0.1"]}) as names:
        ctx = context_for(web.port, nameserver=names.address)
        assert ctx.http.get(f"http://app.test:{web.port}/").last.peer == "127.0.0.1"


def test_the_checked_address_is_dialled_without_a_second_look_up(context_for: ContextFor) -> None:
    def rebinding(name: str, kind: str, before: int) -> Zone:
        address = "127.0.0.1" if before == 0 else "127.0.0.2"
        return {("app.test", "A"): [address]}

    with http_server(OK) as good, name_server(rebinding) as names:
        ctx = context_for(good.port, nameserver=names.address)
        assert ctx.http.get(f"http://app.test:{good.port}/").last.peer == "127.0.0.1"
        assert names.asked("app.test") == 1


def test_rebinding_between_saving_and_running_and_between_redirects_is_blocked(
    context_for: ContextFor,
) -> None:
    def rebinding(name: str, kind: str, before: int) -> Zone:
        return {("app.test", "A"): ["127.0.0.1" if before == 0 else "169.254.169.254"]}

    redirect = response(status=302, headers={"Location": "/second"})
    with http_server(redirect) as web, name_server(rebinding) as names:
        url = f"http://app.test:{web.port}/"
        ctx = context_for(web.port, nameserver=names.address)
        assert ctx.http.guard.policy.check_url(url) is None
        with pytest.raises(Blocked, match=r"169\.254\.169\.254"):
            ctx.http.get(url)
        assert [path_of(request) for request in web.requests] == ["/"]


def test_rebinding_between_handshakes_is_blocked(context_for: ContextFor) -> None:
    def rebinding(name: str, kind: str, before: int) -> Zone:
        return {("app.test", "A"): ["127.0.0.1" if before == 0 else "127.0.0.2"]}

    with http_server(OK) as web, name_server(rebinding) as names:
        ctx = context_for(web.port, nameserver=names.address)
        target = ctx.tls.target(f"https://app.test:{web.port}/")
        assert not ctx.tls.handshake(target).spoke_tls
        with pytest.raises(Blocked):
            ctx.tls.legacy(target)


def test_a_peer_that_is_not_the_dialled_address_is_blocked(
    context_for: ContextFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_server(OK) as web:
        monkeypatch.setattr(Guard, "_peer", staticmethod(lambda _: ip_address("127.0.0.9")))
        with pytest.raises(Blocked, match=r"answered by 127\.0\.0\.9"):
            context_for(web.port).http.get(web.url)
        assert web.requests == []


def test_localhost_is_never_asked_of_a_name_server(context_for: ContextFor) -> None:
    zone = {("localhost", "A"): ["8.8.8.8"], ("x.localhost", "A"): ["8.8.8.8"]}
    with http_server(OK) as web, name_server(zone) as names:
        ctx = context_for(web.port, nameserver=names.address)
        for host in ("localhost", "x.localhost"):
            assert ctx.http.get(f"http://{host}:{web.port}/").last.peer == "127.0.0.1"
        assert names.questions == []


@pytest.mark.parametrize(
    ("zone", "error"),
    [
        ({("other.test", "A"): ["127.0.0.1"]}, DnsFailed),
        ({("app.test", "TXT"): ["x"]}, DnsFailed),
        ({("app.test", "CNAME"): ["app.test."]}, DnsFailed),
        ({("app.test", "CNAME"): ["b.test."], ("b.test", "CNAME"): ["app.test."]}, DnsFailed),
        ({("app.test", "A"): [f"127.0.{i}.1" for i in range(70)]}, DnsFailed),
    ],
    ids=["no such name", "no address", "alias to itself", "aliases in a circle", "too many addresses"],
)
def test_names_without_a_usable_address(context_for: ContextFor, zone: Zone, error: type[Exception]) -> None:
    with name_server(zone) as names, pytest.raises(error):
        context_for(80, nameserver=names.address, seconds=2).http.get("http://app.test/")


def test_a_silent_name_server_ends_with_the_deadline(context_for: ContextFor) -> None:
    with name_server(lambda *_: None) as names:
        started = time.monotonic()
        with pytest.raises(TimedOut):
            context_for(80, nameserver=names.address, seconds=0.4).http.get("http://app.test/")
        assert time.monotonic() - started < 2


def test_an_answer_for_one_family_is_enough_when_the_other_is_silent() -> None:
    def half(name: str, kind: str, before: int) -> Zone | None:
        return {("app.test", "A"): ["127.0.0.1"]} if kind == "A" else None

    with name_server(half) as names:
        started = time.monotonic()
        found = Resolver((names.address,)).addresses("app.test", Deadline(5))
        assert time.monotonic() - started < 2
    assert [str(address) for address in found] == ["127.0.0.1"]


def test_a_dead_address_is_passed_over_for_the_next(context_for: ContextFor) -> None:
    zone = {("app.test", "A"): ["127.0.0.3", "127.0.0.1"]}
    with http_server(OK) as web, name_server(zone) as names:
        policy = EgressPolicy.from_setting([f"127.0.0.0/8:{web.port}"], nameservers=[names.address])
        ctx = ProbeContext.for_run(policy, 5)
        assert ctx.http.get(f"http://app.test:{web.port}/").last.peer == "127.0.0.1"


def test_nobody_at_home_is_a_refused_connection(context_for: ContextFor) -> None:
    with http_server(OK) as web:
        port = web.port
    with pytest.raises(ConnectFailed):
        context_for(port).http.get(f"http://127.0.0.1:{port}/")
