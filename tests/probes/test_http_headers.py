from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from checklist.probes import header_rules as rules
from checklist.probes.base import Outcome, ProposedAnswer
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import RunResult, run_probe
from tests.probes.servers import http_server, name_server, path_of, response

PolicyFor = Callable[..., EgressPolicy]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
GOOD = {
    "Content-Type": "text/html",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Set-Cookie": "sessionid=v; Secure; HttpOnly; SameSite=Lax",
}


@pytest.fixture
def run(policy_for: PolicyFor, server_tls: ssl.SSLContext) -> Callable[..., RunResult]:
    def ask(
        answer: bytes | Callable[[bytes], bytes],
        *,
        tls: bool = True,
        host: str = "localhost",
        **config: object,
    ) -> RunResult:
        zone = {
            (name, "A"): ["127.0.0.1"] for name in ("www.example.test", "shop.example.test", "example.test")
        }
        with http_server(answer, tls=server_tls if tls else None) as web, name_server(zone) as names:
            url = f"{'https' if tls else 'http'}://{host}:{web.port}/"
            return run_probe(
                "http_headers", {"url": url, **config}, policy_for(web.port, nameserver=names.address)
            )

    return ask


def changed(**headers: str | None) -> bytes:
    """The good answer with some headers replaced or (None) left out; underscores stand for hyphens."""
    names = {name.lower().replace("-", "_"): name for name in GOOD}
    merged: dict[str, str] = dict(GOOD)
    for key, value in headers.items():
        merged.pop(names.get(key, key), None)
        if value is not None:
            merged[names.get(key, key.replace("_", "-"))] = value
    return response("<html>", headers=merged)


def texts(result: RunResult) -> str:
    return " ".join([result.summary, *result.details])


def test_a_careful_site_passes_without_proposing_more_than_it_shows(run: Callable[..., RunResult]) -> None:
    result = run(changed())
    assert (result.outcome, result.proposed_answer) == (Outcome.PASS, None)
    assert "sessionid" in texts(result)
    assert result.facts["cookies"][0] == {
        "name": "sessionid",
        "secure": True,
        "http_only": True,
        "same_site": "Lax",
    }


@pytest.mark.parametrize(
    "value",
    [None, "", "max-age=0", "max-age=0; includeSubDomains", "includeSubDomains", "max-age=x", "max-age=-1"],
)
def test_no_hsts_fails(run: Callable[..., RunResult], value: str | None) -> None:
    result = run(changed(strict_transport_security=value))
    assert (result.outcome, result.proposed_answer) == (Outcome.FAIL, ProposedAnswer.NOT_MET)
    assert "Strict-Transport-Security" in result.summary


@pytest.mark.parametrize(
    ("cookie", "missing"),
    [
        ("sessionid=v; HttpOnly; SameSite=Lax", "Secure"),
        ("JSESSIONID=v; Secure; SameSite=Lax", "HttpOnly"),
        ("connect.sid=v; Path=/", "Secure and HttpOnly"),
        ("__Host-auth_token=v; secure", "HttpOnly"),
    ],
)
def test_a_session_cookie_without_its_flags_fails(
    run: Callable[..., RunResult], cookie: str, missing: str
) -> None:
    result = run(changed(set_cookie=cookie))
    assert result.outcome is Outcome.FAIL
    assert f"lacks {missing}." in result.summary


def test_the_configured_session_cookie_counts(run: Callable[..., RunResult]) -> None:
    answer = changed(set_cookie="my_app=v; Secure")
    assert run(answer).outcome is Outcome.PASS
    assert run(answer, session_cookies=["my_app"]).outcome is Outcome.FAIL


def test_a_cookie_that_is_deleted_or_for_scripts_does_not_fail(run: Callable[..., RunResult]) -> None:
    for cookie in (
        "sessionid=; Max-Age=0",
        "sid=x; Expires=Thu, 01-Jan-1970 00:00:00 GMT",
        "csrftoken=v; Secure",
    ):
        result = run(changed(set_cookie=cookie))
        assert result.outcome is Outcome.PASS
        assert "No session cookie was set" in texts(result)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"strict_transport_security": "max-age=86400"}, "HSTS max-age is 86400"),
        ({"content_security_policy": None, "x_frame_options": "DENY"}, "No Content-Security-Policy"),
        ({"content_security_policy": "default-src 'self'"}, "frame the pages"),
        ({"content_security_policy": "frame-ancestors *"}, "frame the pages"),
        ({"x_content_type_options": None}, "nosniff"),
        ({"x_content_type_options": "sniff"}, "nosniff"),
        ({"set_cookie": "sessionid=v; Secure; HttpOnly"}, "lacks SameSite"),
        ({"set_cookie": "theme=dark"}, "without Secure: theme"),
    ],
)
def test_what_is_missing_otherwise_warns(
    run: Callable[..., RunResult], headers: dict[str, str], words: str
) -> None:
    result = run(changed(**headers))
    assert result.outcome is Outcome.WARN
    assert words in result.summary


def test_report_only_does_not_protect_and_a_policy_in_the_page_does(run: Callable[..., RunResult]) -> None:
    only = {"content_security_policy": None, "x_frame_options": "DENY"}
    result = run(changed(**only, content_security_policy_report_only="default-src 'self'"))
    assert "report-only does not protect" in result.summary
    page = '<html><META HTTP-EQUIV="Content-Security-Policy" content="default-src \'self\'">'
    headers = {k: v for k, v in GOOD.items() if k != "Content-Security-Policy"} | {"X-Frame-Options": "DENY"}
    assert run(response(page, headers=headers)).outcome is Outcome.PASS


def test_a_page_made_to_be_slow_to_read_is_not(run: Callable[..., RunResult]) -> None:
    for page in (
        "<" * 65536,
        "<meta " * 11000,
        "<!--" * 16000,
        "<meta http-equiv=" + "'" * 65000,
        "<![" * 20000,
    ):
        started = time.process_time()
        assert run(response(page, headers=GOOD)).outcome is Outcome.PASS
        assert time.process_time() - started < 1


def test_an_api_needs_no_page_headers(run: Callable[..., RunResult]) -> None:
    assert run(changed(content_type="application/json", content_security_policy=None)).outcome is Outcome.PASS


def test_plain_http_fails_even_with_the_header(run: Callable[..., RunResult]) -> None:
    result = run(changed(), tls=False)
    assert result.outcome is Outcome.FAIL
    assert "plain HTTP" in result.summary


def test_a_redirect_down_to_http_fails(run: Callable[..., RunResult]) -> None:
    # The port is the same, so the policy allows it; the scheme is what is wrong.
    def down(request: bytes) -> bytes:
        host = request.split(b"Host: ")[1].split(b"\r\n")[0].decode()
        return response(status=302, headers={"Location": f"http://{host}/"})

    result = run(down)
    assert result.outcome is Outcome.FAIL
    assert "from https to plain http" in result.summary


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_other_answers_are_unknown(run: Callable[..., RunResult], status: int) -> None:
    assert run(response(status=status, headers={"Content-Type": "text/html"})).outcome is Outcome.UNKNOWN


def test_a_bot_challenge_is_unknown(run: Callable[..., RunResult]) -> None:
    assert run(response(status=403, headers={"cf-mitigated": "challenge"})).outcome is Outcome.UNKNOWN


def test_another_hosts_page_is_unknown_but_www_is_the_same_site(run: Callable[..., RunResult]) -> None:
    def to(host: str) -> Callable[[bytes], bytes]:
        def answer(request: bytes) -> bytes:
            asked, port = request.split(b"Host: ")[1].split(b"\r\n")[0].decode().split(":")
            return (
                changed()
                if asked == host
                else response(status=302, headers={"Location": f"https://{host}:{port}/"})
            )

        return answer

    assert run(to("shop.example.test"), host="localhost").outcome is Outcome.UNKNOWN
    result = run(to("shop.example.test"), host="www.example.test")
    assert result.outcome is Outcome.UNKNOWN
    assert "redirects to shop.example.test" in result.summary


def test_the_applications_own_sign_in_page_is_judged_and_a_gateways_is_not(
    run: Callable[..., RunResult],
) -> None:
    def sign_in(path: str) -> Callable[[bytes], bytes]:
        return lambda request: (
            changed() if path_of(request) == path else response(status=302, headers={"Location": path})
        )

    assert run(sign_in("/accounts/login/")).outcome is Outcome.PASS
    assert run(sign_in("/oauth2/start")).outcome is Outcome.UNKNOWN


def test_cookies_of_every_hop_count_and_the_last_setting_wins(run: Callable[..., RunResult]) -> None:
    def hops(request: bytes) -> bytes:
        if path_of(request) == "/":
            return response(
                status=302,
                headers=[("Location", "/in"), ("Set-Cookie", "sid=a"), ("Set-Cookie", "PHPSESSID=b")],
            )
        return changed(set_cookie="sid=c; Secure; HttpOnly; SameSite=Strict")

    result = run(hops)
    assert result.outcome is Outcome.FAIL
    assert "PHPSESSID" in result.summary
    assert "cookie sid lacks" not in texts(result)


def test_a_cookie_that_a_later_hop_deletes_does_not_count(run: Callable[..., RunResult]) -> None:
    def hops(request: bytes) -> bytes:
        if path_of(request) == "/":
            return response(status=302, headers={"Location": "/in", "Set-Cookie": "sid=a"})
        return changed(set_cookie="sid=; Max-Age=0")

    result = run(hops)
    assert result.outcome is Outcome.PASS
    assert result.facts["cookies"] == []


@pytest.mark.parametrize(
    ("values", "age"),
    [
        ((), None),
        (("max-age=10",), 10),
        (('MAX-AGE="10" ; includeSubDomains;;',), 10),
        (("max-age=10; max-age=20",), None),
        (("max-age",), None),
        (("max-age=0", "max-age=10"), 0),
        (("max-age=99999999999999999999",), None),
    ],
)
def test_hsts_is_read_as_rfc_6797_says(values: tuple[str, ...], age: int | None) -> None:
    assert rules.hsts_max_age(values) == age


@pytest.mark.parametrize(
    ("policies", "options", "limited"),
    [
        ((), ("DENY",), True),
        ((), ("sameorigin",), True),
        ((), ("SAMEORIGIN, SAMEORIGIN",), True),
        ((), ("ALLOW-FROM https://a.example",), False),
        ((), ("DENY", "SAMEORIGIN"), False),
        ((), ("",), False),
        (("frame-ancestors 'self'",), (), True),
        (("frame-ancestors",), (), True),
        (("frame-ancestors https:",), ("DENY",), False),
        (("script-src 'self'", "Frame-Ancestors a.example"), (), True),
        (("default-src 'none'",), (), False),
    ],
)
def test_framing(policies: tuple[str, ...], options: tuple[str, ...], limited: bool) -> None:
    assert rules.framing_limited(policies, options) is limited


SESSIONS = [
    "sessionid",
    "SESSION",
    "JSESSIONID",
    "PHPSESSID",
    "ASP.NET_SessionId",
    "connect.sid",
    "_app_session",
    "sid",
]
SESSIONS += [
    "laravel_session",
    "__Host-session",
    "__Secure-next-auth.session-token",
    "access_token",
    "refresh-token",
    "jwt",
]
SESSIONS += [
    "wordpress_logged_in_abc",
    "remember_me",
    ".ASPXAUTH",
    "ASPSESSIONIDABCD",
    "user_session",
    "_gitlab_session",
    "auth",
]
OTHERS = [
    "csrftoken",
    "XSRF-TOKEN",
    "_ga",
    "_ga_ABC",
    "theme",
    "AWSALB",
    "AWSALBCORS",
    "__cf_bm",
    "lang",
    "consent_session",
]
OTHERS += [
    "INGRESSCOOKIE",
    "ARRAffinity",
    "_hjSession_1",
    "author",
    "side",
    "possess",
    "__RequestVerificationToken_csrf",
    "cart",
]


@pytest.mark.parametrize("name", SESSIONS)
def test_session_cookies_by_name(name: str) -> None:
    assert rules.is_session(name)


@pytest.mark.parametrize("name", OTHERS)
def test_other_cookies_by_name(name: str) -> None:
    assert not rules.is_session(name)


@pytest.mark.parametrize(
    ("line", "cookie"),
    [
        ("a=b; Secure; HttpOnly; SameSite=strict", rules.Cookie("a", True, True, "Strict", False)),
        ("a=b;secure;httponly;samesite=odd", rules.Cookie("a", True, True, "", False)),
        ("a = b=c", rules.Cookie("a", False, False, "", False)),
        ("a=; max-age=-1", rules.Cookie("a", False, False, "", True)),
        ("a=; expires=Wed, 21 Oct 2015 07:28:00 GMT; Max-Age=60", rules.Cookie("a", False, False, "", False)),
        ("a=; expires=Wed, 21-Oct-2015 07:28:00 GMT", rules.Cookie("a", False, False, "", True)),
        (
            "a=; expires=Wed, 21 Oct 99999999999999999999999 07:28:00 GMT",
            rules.Cookie("a", False, False, "", False),
        ),
        ("a=; expires=garbage", rules.Cookie("a", False, False, "", False)),
        ("a=b; x=HttpOnly; y=Secure", rules.Cookie("a", False, False, "", False)),
        ("nothing", None),
        ("=b", None),
        ("", None),
    ],
)
def test_set_cookie_lines(line: str, cookie: rules.Cookie | None) -> None:
    assert rules.parse_cookie(line, NOW) == cookie
