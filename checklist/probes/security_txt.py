"""Can somebody who found a hole find out whom to tell?"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field

from checklist.probes import security_txt_format as form
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
from checklist.probes.net.client import DOWNGRADE, Answer
from checklist.probes.walls import auth_wall

PATH = "/.well-known/security.txt"
_LEGACY_PATH = "/security.txt"
_MAX_BODY = 128 * 1024
_GONE = frozenset({404, 410})
_SOON = timedelta(days=30)
# A year, with room for a leap day.
_LONG = timedelta(days=366)


class SecurityTxtConfig(ProbeModel):
    """Any URL of the site: the file's place below it is fixed."""

    url: Annotated[str, Field(min_length=1, max_length=2048)]


class FileField(ProbeModel):
    """One field of the file, its name in lower case."""

    name: str
    value: str


class SecurityTxtFacts(ProbeModel):
    """What the well-known place answered. `asked` and `url` are where we began and where redirects ended."""

    asked: str
    url: str
    status: int
    https: bool
    media_type: str = ""
    charset: str = ""
    stopped: str = ""
    wall: str = ""
    body_error: str = ""
    truncated: bool = False
    utf8: bool = True
    bom: bool = False
    signed: bool = False
    fields: tuple[FileField, ...] = ()
    problems: tuple[str, ...] = ()
    at_top_level: bool = False

    def values(self, name: str) -> list[str]:
        """All values of a field."""
        return [field.value for field in self.fields if field.name == name]


class SecurityTxt(Probe[SecurityTxtConfig, SecurityTxtFacts]):
    """GET /.well-known/security.txt and read it as RFC 9116 says."""

    Config = SecurityTxtConfig
    Facts = SecurityTxtFacts
    spec = ProbeSpec(
        id="security_txt",
        version=1,
        facts_version=1,
        title="security.txt",
        summary="A valid security.txt with a contact is published and has not expired.",
        motivation=(
            "Whoever finds a hole in your service wants to tell you, once, quickly. security.txt is where "
            "they look; an outdated one sends the report to nobody."
        ),
        items=("disclosure",),
        remediation=(
            "Publish https://your-host/.well-known/security.txt as text/plain with a Contact URI that "
            "somebody reads and one Expires date within a year; renew it with your deploys."
        ),
        reads=(
            "/.well-known/security.txt of the production host, with one GET and up to 3 redirects.",
            "Where that is missing, /security.txt, to say so.",
            "Kept: the file, which is public. Addresses in its comments are replaced.",
        ),
        rules=(
            Rule(
                Outcome.FAIL, "Missing (404 or 410, or an HTML page in its place), or not served over HTTPS."
            ),
            Rule(Outcome.FAIL, "Not text/plain, no Contact URI, not exactly one Expires, or it has expired."),
            Rule(
                Outcome.FAIL,
                "More than one Preferred-Languages, a web address without https, a malformed line.",
            ),
            Rule(Outcome.WARN, "Expires in under 30 days or in over a year."),
            Rule(Outcome.WARN, "Canonical fields are there, and none names the address of the file."),
            Rule(
                Outcome.UNKNOWN, "A sign-in or bot challenge stands in between, or the status is another one."
            ),
            Rule(Outcome.PASS, "None of these."),
        ),
        permissions="None.",
        every=timedelta(days=1),
        stale_after=timedelta(days=7),
        proposes_met=True,
    )

    def config_for(self, target: ServiceTarget) -> SecurityTxtConfig | NoTarget:
        """The production URL."""
        if not target.production_url:
            return NoTarget("Set the service's production URL first.")
        return SecurityTxtConfig(url=target.production_url)

    def collect(self, ctx: ProbeContext, config: SecurityTxtConfig) -> Observation[SecurityTxtFacts]:
        """Ask the well-known place; where nothing is there, look at the top level too."""
        origin = ctx.http.secure_origin(config.url)
        exchange = ctx.http.get(origin + PATH, max_body=_MAX_BODY)
        last = exchange.last
        wall = auth_wall(exchange)
        at_top_level = False
        if last.status in _GONE:
            legacy = ctx.http.get(origin + _LEGACY_PATH, max_body=_MAX_BODY).last
            at_top_level = legacy.status == 200 and "contact:" in legacy.text.lower()  # noqa: PLR2004
        parsed = form.parse(last.text) if _is_text(last) else form.SecurityTxt((), (), signed=False)
        ctx.artifact.add_exchange(exchange)
        if _is_text(last):
            ctx.artifact.add_text(_without_people(last.text, ctx))
        facts = SecurityTxtFacts(
            asked=exchange.first.target.shown,
            url=last.target.shown,
            status=last.status,
            https=all(hop.target.scheme == "https" for hop in exchange.hops),
            media_type=last.media_type[:100],
            charset=_charset(last),
            stopped=exchange.stopped,
            wall=wall.what if wall else "",
            body_error=last.body_error,
            truncated=last.truncated,
            utf8=_is_utf8(last.body),
            bom=last.body.startswith(b"\xef\xbb\xbf"),
            signed=parsed.signed,
            fields=tuple(FileField(name=name, value=value) for name, value in parsed.fields),
            problems=parsed.problems,
            at_top_level=at_top_level,
        )
        return Observation(facts, last.peer)

    def evaluate(self, facts: SecurityTxtFacts, config: SecurityTxtConfig, now: datetime) -> Verdict:
        """What could not be seen, then what is missing, then the file itself."""
        del config
        unseen = _unseen(facts)
        if unseen:
            return self.verdict(Outcome.UNKNOWN, unseen)
        missing = _missing(facts)
        if missing:
            return self.verdict(Outcome.FAIL, missing, _missing_details(facts))
        fails = _fails(facts, now)
        warnings = _warnings(facts, now)
        notes = _notes(facts)
        if fails:
            return self.verdict(Outcome.FAIL, fails[0], [*fails[1:], *warnings, *notes])
        if warnings:
            return self.verdict(Outcome.WARN, warnings[0], [*warnings[1:], *notes])
        return self.verdict(Outcome.PASS, "security.txt is valid and names a contact.", notes)


def _unseen(facts: SecurityTxtFacts) -> str:
    if facts.wall:
        return f"The server {facts.wall}, so security.txt was not seen."
    if facts.stopped == DOWNGRADE:
        return ""
    if facts.stopped:
        return f"The redirects do not end at a file: {facts.stopped}."
    if facts.status not in _GONE and not 200 <= facts.status < 300:  # noqa: PLR2004
        return f"The answer was {facts.status}, so security.txt was not seen."
    if facts.status not in _GONE and (facts.truncated or facts.body_error):
        return facts.body_error or "The file is larger than 128 KiB and was not read."
    return ""


def _missing(facts: SecurityTxtFacts) -> str:
    if facts.stopped:
        return "security.txt is not served over HTTPS: a redirect leads to http."
    if facts.status in _GONE:
        return f"There is no security.txt at {PATH}."
    if facts.media_type in {"text/html", "application/xhtml+xml"}:
        return f"{PATH} answers with an HTML page, not with a security.txt."
    return ""


def _missing_details(facts: SecurityTxtFacts) -> list[str]:
    return [f"There is one at {_LEGACY_PATH}; move it to {PATH}."] if facts.at_top_level else []


def _fails(facts: SecurityTxtFacts, now: datetime) -> list[str]:
    fails: list[str] = []
    if not facts.https:
        fails.append("security.txt is not served over HTTPS.")
    if facts.media_type != "text/plain":
        fails.append(f"The content type is {facts.media_type or 'not given'}; it must be text/plain.")
    if not facts.utf8:
        fails.append("The file is not valid UTF-8.")
    fails += facts.problems
    fails += _contact_fails(facts)
    fails += _expires_fails(facts, now)
    if len(facts.values("preferred-languages")) > 1:
        fails.append("Preferred-Languages may appear once only.")
    for name in sorted(form.URI_FIELDS - {"contact"}):
        problems = [form.uri_problem(name.capitalize(), value) for value in facts.values(name)]
        fails += [problem for problem in problems if problem]
    return fails


def _contact_fails(facts: SecurityTxtFacts) -> list[str]:
    contacts = facts.values("contact")
    if not contacts:
        return ["There is no Contact field."]
    problems = [form.uri_problem("Contact", value) for value in contacts]
    return [problem for problem in problems if problem]


def _expires_fails(facts: SecurityTxtFacts, now: datetime) -> list[str]:
    found = facts.values("expires")
    if len(found) != 1:
        return [
            f"There must be exactly one Expires field; there are {len(found)}."
            if found
            else "Expires is missing."
        ]
    expires = form.parse_time(found[0])
    if expires is None:
        return ["Expires is not a date and time such as 2031-12-31T23:59:00Z."]
    return [f"security.txt expired on {expires:%d %B %Y}."] if expires <= now else []


def _warnings(facts: SecurityTxtFacts, now: datetime) -> list[str]:
    warnings = []
    found = facts.values("expires")
    expires = form.parse_time(found[0]) if len(found) == 1 else None
    if expires is not None and now < expires < now + _SOON:
        warnings.append(f"security.txt expires on {expires:%d %B %Y}, in under 30 days.")
    if expires is not None and expires > now + _LONG:
        warnings.append(f"security.txt expires on {expires:%d %B %Y}, in over a year.")
    canonical = facts.values("canonical")
    if canonical and not {_normal(value) for value in canonical} & {_normal(facts.asked), _normal(facts.url)}:
        warnings.append(f"Canonical does not name {facts.asked}.")
    return warnings


def _notes(facts: SecurityTxtFacts) -> list[str]:
    notes = [f"Contact: {value}" for value in facts.values("contact")[:5]]
    if facts.signed:
        notes.append("The file is signed; the signature was not checked.")
    if facts.bom:
        notes.append("The file begins with a byte order mark, which some readers trip over.")
    if facts.charset not in {"", "utf-8", "utf8"}:
        notes.append(f"The charset is given as {facts.charset}; it must be utf-8.")
    if facts.url != facts.asked:
        notes.append(f"Redirected to {facts.url}.")
    return notes


def _normal(url: str) -> str:
    scheme, separator, rest = url.strip().partition("://")
    host, slash, path = rest.partition("/")
    host = host.lower().removesuffix(":443") if scheme.lower() == "https" else host.lower()
    return f"{scheme.lower()}{separator}{host}{slash}{path}"


def _is_text(answer: Answer) -> bool:
    return 200 <= answer.status < 300 and answer.media_type not in {"text/html", "application/xhtml+xml"}  # noqa: PLR2004


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _charset(answer: Answer) -> str:
    match = re.search(
        r"charset\s*=\s*\"?([A-Za-z0-9._-]{1,40})", answer.header("content-type") or "", re.IGNORECASE
    )
    return match[1].lower() if match else ""


def _without_people(text: str, ctx: ProbeContext) -> str:
    """The public fields as they are; addresses elsewhere, in comments, belong to people."""
    return "\n".join(
        ctx.artifact.redactor.text(line) if line.startswith("#") else line for line in text.splitlines()
    )
