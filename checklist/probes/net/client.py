"""HTTP for probes: GET, one connection a request, redirects by hand, everything bounded.

Nothing is taken from the environment: no proxy, no netrc, no certificate path. No cookies are kept.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import httpcore

from checklist.probes.net.backend import Guard, GuardedBackend
from checklist.probes.net.decode import ACCEPTED, decoder
from checklist.probes.net.errors import BadAnswer, Blocked, ConnectFailed, NetError
from checklist.probes.net.trust import client_context
from checklist.probes.net.urls import DEFAULT_PORTS, BadUrl, Target, join, parse

USER_AGENT = "Readiness-Probe/1 (production readiness review)"
MAX_BODY = 2 * 1024 * 1024
MAX_HEADERS = 200
MAX_HEADER_BYTES = 64 * 1024
MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
RETRIED = frozenset({429, 502, 503, 504})
RETRY_SECONDS = 0.5
DOWNGRADE = "a redirect leads from https to http"
_SECONDS = re.compile(r"^[0-9]{1,5}$")


@dataclass(frozen=True, slots=True)
class Answer:
    """One response. `headers` are (lower-case name, value) pairs in their order.

    `body_error` says why the body is missing or incomplete; status and headers hold all the same.
    `answer_ms` is the time from connecting to the end of the body, without the name look-up, which is not
    the server's.
    """

    target: Target
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    truncated: bool = False
    body_error: str = ""
    peer: str = ""
    dns_ms: float = 0.0
    answer_ms: float = 0.0

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    def header_all(self, name: str) -> tuple[str, ...]:
        """Every value of a header."""
        return tuple(value for key, value in self.headers if key == name.lower())

    @property
    def media_type(self) -> str:
        """The Content-Type without parameters, lower-case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as UTF-8, undecodable bytes replaced."""
        return self.body.decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with every answer on the way. `stopped` says why a last redirect was not followed."""

    hops: tuple[Answer, ...]
    stopped: str = ""

    @property
    def first(self) -> Answer:
        """The answer of the URL that was asked for."""
        return self.hops[0]

    @property
    def last(self) -> Answer:
        """The answer where the redirects ended."""
        return self.hops[-1]

    @property
    def answer_ms(self) -> float:
        """All answers' time together."""
        return sum(hop.answer_ms for hop in self.hops)


@dataclass(slots=True)
class HttpClient:
    """Asks for URLs by way of the guard."""

    guard: Guard
    sleep: Callable[[float], None] = field(default=time.sleep)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        secret_headers: Mapping[str, str] | None = None,
        max_redirects: int = MAX_REDIRECTS,
        retries: int = 2,
        max_body: int = MAX_BODY,
    ) -> Exchange:
        """GET a URL and follow its redirects.

        With `secret_headers` no redirect is followed, so that they reach no other origin. 429, 502, 503 and
        504 are asked again up to `retries` times, as Retry-After says, while time is left. `max_body` is in
        decoded bytes. Raises NetError.
        """
        target = self._checked(url)
        sent = {**(headers or {}), **(secret_headers or {})}
        allowed = 0 if secret_headers else max_redirects
        hops: list[Answer] = []
        while True:
            answer = self._with_retries(target, sent, retries, max_body)
            hops.append(answer)
            location = answer.header("location")
            if answer.status not in REDIRECTS or location is None:
                return Exchange(tuple(hops))
            step, stopped = self._next(target, location, {hop.target.url for hop in hops})
            if not stopped and len(hops) > allowed:
                stopped = "redirects are not followed" if allowed == 0 else f"more than {allowed} redirects"
            if stopped:
                return Exchange(tuple(hops), stopped)
            target = step

    def secure_origin(self, url: str) -> str:
        """The https origin of a URL. An http:// URL with a port of its own keeps both, as it has no other.

        Raises Blocked.
        """
        target = self._checked(url)
        if target.scheme == "http" and target.port == DEFAULT_PORTS["http"]:
            target = replace(target, scheme="https", port=DEFAULT_PORTS["https"])
        return target.origin

    def _checked(self, url: str) -> Target:
        try:
            target = parse(url)
        except BadUrl as error:
            raise Blocked(str(error)) from error
        reason = self.guard.policy.check_target(target)
        if reason is not None:
            raise Blocked(reason)
        return target

    def _next(self, target: Target, location: str, seen: set[str]) -> tuple[Target, str]:
        """The redirect's target, and why not to go there. Raises Blocked where the policy forbids it."""
        try:
            step = join(target, location)
        except BadUrl as error:
            raise Blocked(f"a redirect is not followed: {error}") from error
        reason = self.guard.policy.check_target(step)
        if reason is not None:
            raise Blocked(f"a redirect is not followed: {reason}")
        if target.scheme == "https" and step.scheme == "http":
            return step, DOWNGRADE
        if step.url in seen:
            return step, "the redirects go in a circle"
        return step, ""

    def _with_retries(
        self, target: Target, headers: Mapping[str, str], retries: int, max_body: int
    ) -> Answer:
        for attempt in range(retries + 1):
            answer = self._once(target, headers, max_body)
            if answer.status not in RETRIED or attempt == retries:
                break
            wait = _retry_after(answer.header("retry-after"), RETRY_SECONDS * 2**attempt)
            if not self.guard.deadline.has(wait + 1):
                break
            self.sleep(wait)
        return answer

    def _once(self, target: Target, headers: Mapping[str, str], max_body: int) -> Answer:
        backend = GuardedBackend(self.guard)
        context = client_context(self.guard.policy.ca_file) if target.scheme == "https" else None
        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        sent = {
            "Host": target.netloc,
            "User-Agent": USER_AGENT,
            "Accept": "*/*",
            "Accept-Encoding": ACCEPTED,
            "Connection": "close",
            **headers,
        }
        url = httpcore.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path.encode("ascii")
        )
        request = httpcore.Request(
            "GET", url, headers=[(key.encode("ascii"), value.encode("ascii")) for key, value in sent.items()]
        )
        started = time.perf_counter()
        with httpcore.HTTPConnection(origin, ssl_context=context, network_backend=backend) as connection:
            try:
                response = connection.handle_request(request)
            except (httpcore.ProtocolError, httpcore.NetworkError) as error:
                raise _wire_error(error) from error
            received = _headers(response)
            body, truncated, problem = self._body(response, received, max_body)
            response.close()
        took = (time.perf_counter() - started) * 1000 - backend.timing.dns_ms
        return Answer(
            target,
            response.status,
            received,
            body,
            truncated,
            problem,
            backend.timing.peer,
            round(backend.timing.dns_ms, 1),
            round(took, 1),
        )

    def _body(
        self, response: httpcore.Response, headers: tuple[tuple[str, str], ...], limit: int
    ) -> tuple[bytes, bool, str]:
        """Read up to `limit` decoded bytes; a broken body never loses the status and the headers."""
        body = bytearray()
        try:
            decode = decoder(",".join(value for key, value in headers if key == "content-encoding"))
            for chunk in response.iter_stream():
                body += decode.feed(chunk, limit - len(body))
                if len(body) > limit:
                    return bytes(body[:limit]), True, ""
        except BadAnswer as error:
            return bytes(body), False, error.message
        except ConnectFailed as error:
            return bytes(body), False, error.message
        except (httpcore.ProtocolError, httpcore.NetworkError):
            return bytes(body), False, "The body ended before it was complete."
        return bytes(body), False, ""


def _headers(response: httpcore.Response) -> tuple[tuple[str, str], ...]:
    if (
        len(response.headers) > MAX_HEADERS
        or sum(len(k) + len(v) for k, v in response.headers) > MAX_HEADER_BYTES
    ):
        raise BadAnswer("The answer's headers are larger than any browser would take.")
    return tuple((key.decode("latin-1").lower(), value.decode("latin-1")) for key, value in response.headers)


def _wire_error(error: Exception) -> NetError:
    text = str(error)
    if "disconnected" in text or isinstance(error, httpcore.NetworkError):
        return ConnectFailed("The server closed the connection without an answer.")
    if "too long" in text:
        return BadAnswer("The answer's headers are larger than any browser would take.")
    return BadAnswer("The server's answer is not valid HTTP.")


def _retry_after(value: str | None, default: float) -> float:
    """Seconds to wait.

    A date (RFC 9110, section 10.2.3) is further off than a run lasts, so it counts as that.
    """
    if value is None:
        return default
    return float(value) if _SECONDS.match(value) else float("inf")
