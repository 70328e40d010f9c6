"""Do the site's answers carry the headers that browsers need to protect its users?"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from checklist.probes import header_rules as rules
from checklist.probes.base import (
    NoTarget,
    Observation,
    Outcome,
    Probe,
    ProbeModel,
    ProbeSpec,
    Rule,
    ServiceTarget,
    Verdict,
)
from checklist.probes.context import ProbeContext
from checklist.probes.net.client import DOWNGRADE, Answer, Exchange
from checklist.probes.walls import auth_wall, same_site

_HTML_HEAD = 64 * 1024
_LONGEST = 4096
_MOST = 50
# Not html.parser: on malformed pages it takes time in the square of their length.
_META = re.compile(r"<meta\s[^<>]{1,4000}>", re.IGNORECASE)
_POLICY_NAME = re.compile(r"""http-equiv\s*=\s*["']?content-security-policy["'\s/>]""", re.IGNORECASE)
_CONTENT = re.compile(r"""\scontent\s*=\s*["']?[^"'\s>]""", re.IGNORECASE)


class HeadersConfig(ProbeModel):
    """The site, and names of session cookies beyond the well-known ones."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]
    session_cookies: Annotated[tuple[str, ...], Field(max_length=20)] = ()


class CookieFacts(ProbeModel):
    """A cookie that was set, without its value."""

    name: str
    secure: bool
    http_only: bool
    same_site: str = ""


class HeadersFacts(ProbeModel):
    """The final answer's headers, and the cookies that were set on the way, of the service's own hosts."""

    url: str
    status: int
    https: bool
    elsewhere: str = ""
    stopped: str = ""
    wall: str = ""
    hsts: tuple[str, ...] = ()
    csp: tuple[str, ...] = ()
    csp_report_only: bool = False
    csp_in_page: bool = False
    content_type_options: tuple[str, ...] = ()
    frame_options: tuple[str, ...] = ()
    html: bool = False
    cookies: tuple[CookieFacts, ...] = ()


class HttpHeaders(Probe[HeadersConfig, HeadersFacts]):
    """GET the production URL and read its headers."""

    Config = HeadersConfig
    Facts = HeadersFacts
    spec = ProbeSpec(
        id="http_headers",
        version=1,
        facts_version=1,
        title="Security headers and cookies",
        summary="HSTS is on, session cookies are Secure and HttpOnly, and CSP, nosniff and framing are set.",
        motivation=(
            "Without HSTS a first visit can be turned to plain HTTP. A session cookie without Secure and "
            "HttpOnly can be read on the wire or by an injected script."
        ),
        items=("authn-sessions",),
        remediation=(
            "Send Strict-Transport-Security with a max-age of at least six months on every HTTPS answer; set "
            "Secure, HttpOnly and SameSite on session cookies; send a Content-Security-Policy with "
            "frame-ancestors, and X-Content-Type-Options: nosniff."
        ),
        reads=(
            "The production URL, with one GET and up to 3 redirects.",
            "Kept: the security headers, and of each cookie its name and flags, never its value.",
        ),
        rules=(
            Rule(
                Outcome.FAIL,
                "No HSTS: the header is missing or invalid, its max-age is 0, or the site is plain HTTP.",
            ),
            Rule(Outcome.FAIL, "A session cookie lacks Secure or HttpOnly."),
            Rule(
                Outcome.WARN,
                "HSTS lasts less than 180 days, or CSP, nosniff or a limit to framing is missing.",
            ),
            Rule(Outcome.WARN, "A session cookie lacks SameSite, or another cookie lacks Secure."),
            Rule(
                Outcome.UNKNOWN,
                "A sign-in or bot challenge stands in between, the status is not 2xx, or the host another.",
            ),
            Rule(Outcome.PASS, "None of these."),
        ),
        permissions="None. Cookies that are set only after a sign-in are not seen.",
        every=timedelta(days=1),
        stale_after=timedelta(days=14),
        proposes_met=False,
    )

    def config_for(self, target: ServiceTarget) -> HeadersConfig | NoTarget:
        """The production URL."""
        if not target.production_url:
            return NoTarget("Set the service's production URL first.")
        return HeadersConfig(url=target.production_url)

    def collect(self, ctx: ProbeContext, config: HeadersConfig) -> Observation[HeadersFacts]:
        """One GET; cookies of every hop on the service's own hosts count."""
        exchange = ctx.http.get(config.url, headers={"Accept": "text/html,*/*;q=0.8"}, max_body=_HTML_HEAD)
        ctx.artifact.add_exchange(exchange)
        last = exchange.last
        wall = auth_wall(exchange)
        html = last.media_type in {"text/html", "application/xhtml+xml"}
        facts = HeadersFacts(
            url=last.target.shown,
            status=last.status,
            https=last.target.scheme == "https",
            elsewhere="" if same_site(exchange.first, last) else last.target.host,
            stopped=exchange.stopped,
            # The application's own sign-in page is part of the site that is judged here.
            wall=wall.what if wall and not wall.own else "",
            hsts=_values(last, "strict-transport-security"),
            csp=_values(last, "content-security-policy"),
            csp_report_only=last.header("content-security-policy-report-only") is not None,
            csp_in_page=html and _has_meta_policy(last.text),
            content_type_options=_values(last, "x-content-type-options"),
            frame_options=_values(last, "x-frame-options"),
            html=html,
            cookies=_cookies(exchange, ctx.clock()),
        )
        return Observation(facts, last.peer)

    def evaluate(self, facts: HeadersFacts, config: HeadersConfig, now: datetime) -> Verdict:
        """What is visible is judged; what stands in between makes it unknown."""
        del now
        unseen = _unseen(facts)
        if unseen:
            return self.verdict(Outcome.UNKNOWN, unseen)
        sessions = [
            cookie for cookie in facts.cookies if rules.is_session(cookie.name, config.session_cookies)
        ]
        fails = [*_transport_fails(facts), *_session_fails(sessions)]
        warnings = _warnings(facts, sessions)
        if fails:
            return self.verdict(Outcome.FAIL, fails[0], [*fails[1:], *warnings])
        if not sessions:
            note = "No session cookie was set without signing in, so its flags were not seen."
        else:
            note = f"Session cookies seen: {', '.join(cookie.name for cookie in sessions)}."
        if warnings:
            return self.verdict(Outcome.WARN, warnings[0], [*warnings[1:], note])
        return self.verdict(Outcome.PASS, "HSTS and the other security headers are set.", [note])


def _unseen(facts: HeadersFacts) -> str:
    if facts.wall:
        return f"The server {facts.wall}, so the application's headers were not seen."
    if facts.stopped:
        # A redirect to plain HTTP is an observation, and `_transport_fails` has it.
        return "" if facts.stopped == DOWNGRADE else f"The redirects do not end: {facts.stopped}."
    if facts.elsewhere:
        return f"The URL redirects to {facts.elsewhere}. Set the production URL that people use."
    if not 200 <= facts.status < 300:  # noqa: PLR2004
        return f"The answer was {facts.status}, so the application's headers were not seen."
    return ""


def _transport_fails(facts: HeadersFacts) -> list[str]:
    if facts.stopped:
        return ["The site leads from https to plain http."]
    if not facts.https:
        return ["The site answers over plain HTTP, where HSTS has no effect."]
    reason = rules.hsts_problem(facts.hsts)
    return [reason] if reason else []


def _session_fails(sessions: list[CookieFacts]) -> list[str]:
    fails = []
    for cookie in sessions:
        missing = [
            flag for flag, is_set in (("Secure", cookie.secure), ("HttpOnly", cookie.http_only)) if not is_set
        ]
        if missing:
            fails.append(f"The session cookie {cookie.name} lacks {' and '.join(missing)}.")
    return fails


def _warnings(facts: HeadersFacts, sessions: list[CookieFacts]) -> list[str]:
    warnings: list[str] = []
    age = rules.hsts_max_age(facts.hsts)
    if age is not None and 0 < age < rules.SHORT_HSTS:
        warnings.append(f"HSTS max-age is {age} seconds; 15552000 (180 days) or more keeps visitors safe.")
    if facts.html:
        warnings += _page_warnings(facts)
    if not rules.is_nosniff(facts.content_type_options):
        warnings.append("X-Content-Type-Options: nosniff is missing.")
    warnings += [
        f"The session cookie {cookie.name} lacks SameSite." for cookie in sessions if not cookie.same_site
    ]
    others = [cookie.name for cookie in facts.cookies if cookie not in sessions and not cookie.secure]
    if others and facts.https:
        warnings.append(f"Cookies without Secure: {', '.join(others)}.")
    return warnings


def _page_warnings(facts: HeadersFacts) -> list[str]:
    warnings = []
    if not facts.csp and not facts.csp_in_page:
        only = " (report-only does not protect)" if facts.csp_report_only else ""
        warnings.append(f"No Content-Security-Policy is enforced{only}.")
    if not rules.framing_limited(facts.csp, facts.frame_options):
        warnings.append("Any site may frame the pages: neither frame-ancestors nor X-Frame-Options is set.")
    return warnings


def _values(answer: Answer, name: str) -> tuple[str, ...]:
    return tuple(value[:_LONGEST] for value in answer.header_all(name)[:_MOST])


def _cookies(exchange: Exchange, now: datetime) -> tuple[CookieFacts, ...]:
    """The last setting of each name wins; cookies that are being deleted do not count."""
    found: dict[str, CookieFacts] = {}
    for hop in exchange.hops:
        if not same_site(exchange.first, hop):
            continue
        for line in hop.header_all("set-cookie"):
            cookie = rules.parse_cookie(line, now)
            if cookie is None:
                continue
            found.pop(cookie.name, None)
            if not cookie.deleted:
                found[cookie.name] = CookieFacts(
                    name=cookie.name,
                    secure=cookie.secure,
                    http_only=cookie.http_only,
                    same_site=cookie.same_site,
                )
    return tuple(found.values())[:_MOST]


def _has_meta_policy(page: str) -> bool:
    return any(_POLICY_NAME.search(tag) and _CONTENT.search(tag) for tag in _META.findall(page))
