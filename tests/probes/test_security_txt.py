from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from checklist.probes import security_txt_format as form
from checklist.probes.base import Outcome, ProposedAnswer
from checklist.probes.net.policy import EgressPolicy
from checklist.probes.runner import RunResult, re_evaluate, run_probe
from tests.probes.servers import http_server, path_of, response

PolicyFor = Callable[..., EgressPolicy]
NOW = datetime.now(UTC)


def expires(days: float) -> str:
    return f"Expires: {(NOW + timedelta(days=days)).strftime('%Y-%m-%dT%H:%M:%SZ')}"


GOOD = f"Contact: mailto:security@example.com\n{expires(200)}\n"


def served(body: str | bytes, content_type: str = "text/plain; charset=utf-8", status: int = 200) -> bytes:
    return response(body, status=status, headers={"Content-Type": content_type} if content_type else {})


@pytest.fixture
def run(policy_for: PolicyFor, server_tls: ssl.SSLContext) -> Callable[..., RunResult]:
    def ask(answer: bytes | Callable[[bytes], bytes], *, tls: bool = True) -> RunResult:
        with http_server(answer, tls=server_tls if tls else None) as web:
            url = f"{'https' if tls else 'http'}://localhost:{web.port}/some/page?q"
            return run_probe("security_txt", {"url": url}, policy_for(web.port))

    return ask


def test_a_good_file_passes(run: Callable[..., RunResult]) -> None:
    asked: list[str] = []

    def answer(request: bytes) -> bytes:
        asked.append(path_of(request))
        return served(GOOD)

    result = run(answer)
    assert (result.outcome, result.proposed_answer) == (Outcome.PASS, ProposedAnswer.MET)
    assert asked == ["/.well-known/security.txt"]
    assert "Contact: mailto:security@example.com" in result.details


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "no Contact"),
        (expires(200), "no Contact"),
        ("Contact: mailto:a@example.com", "Expires is missing"),
        (f"Contact: a@example.com\n{expires(9)}", "Write mailto:"),
        (f"Contact: http://example.com/\n{expires(9)}", "https, not http"),
        (f"Contact: call us\n{expires(9)}", "must be a URI"),
        (f"Contact:\n{expires(9)}", "must be a URI"),
        (f"Contact: mailto:nobody\n{expires(9)}", "no e-mail address"),
        (f"Contact: https:///x\n{expires(9)}", "no host"),
        (f"{GOOD}{expires(300)}", "exactly one Expires field; there are 2"),
        (f"Contact: tel:+1-201-555-0123\n{expires(-1)}", "expired on"),
        ("Contact: tel:+1\nExpires: 2031-12-31", "not a date and time"),
        ("Contact: tel:+1\nExpires: Thu, 31 Dec 2031 18:37:07 -0800", "not a date and time"),
        ("Contact: tel:+1\nExpires: 20311231T235900Z", "not a date and time"),
        ("Contact: tel:+1\nExpires: 2031-13-31T23:59:00Z", "not a date and time"),
        (f"{GOOD}Preferred-Languages: en\npreferred-languages: de", "once only"),
        (f"{GOOD}Policy: http://example.com/policy", "https, not http"),
        (f"{GOOD}Canonical: example.com", "Canonical must be a URI"),
        (f"{GOOD}this is not a field", "Line 3 is neither"),
        (f"{GOOD}Contact : mailto:x@example.com", "Line 3 is neither"),
    ],
)
def test_invalid_and_expired_files_fail(run: Callable[..., RunResult], body: str, words: str) -> None:
    result = run(served(body))
    assert (result.outcome, result.proposed_answer) == (Outcome.FAIL, ProposedAnswer.NOT_MET)
    assert words in " ".join([result.summary, *result.details])


@pytest.mark.parametrize(
    "body",
    [
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        "# a comment: with a colon\n\n" + GOOD + "# end",
        GOOD.upper().replace("MAILTO:SECURITY", "mailto:security"),
        GOOD + "X-Extension: anything at all\n",
        GOOD
        + "Contact: https://example.com/report\nAcknowledgments: https://example.com/thanks\nHiring: https://e.example/",
        GOOD + "Encryption: openpgp4fpr:5f2de5521c63a801ab59ccb603d49de44b29100f\n",
        GOOD + "Encryption: dns:abc._openpgpkey.example.com?type=OPENPGPKEY\n",
        GOOD + "Preferred-Languages: en, es, fr\n",
        f"Contact:mailto:a@example.com  \n{expires(200)}\t\n\n\n",
        GOOD.rstrip("\n"),
    ],
    ids=[
        "crlf",
        "bom",
        "comments",
        "upper case",
        "extension",
        "more fields",
        "fingerprint",
        "dns",
        "languages",
        "spaces",
        "no last newline",
    ],
)
def test_all_valid_forms_pass(run: Callable[..., RunResult], body: str) -> None:
    assert run(served(body)).outcome is Outcome.PASS


SIGNED = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# signed
{fields}- -dash: escaped
-----BEGIN PGP SIGNATURE-----
Version: whatever

iQEzBAEBCAAdFiEE
=abcd
-----END PGP SIGNATURE-----
"""


def test_control_characters_are_a_problem_and_are_not_stored(run: Callable[..., RunResult]) -> None:
    result = run(served(GOOD + "Policy: https://example.com/\x00x\nX-Note: a\x1b[31m\n\x00\n"))
    assert result.outcome is Outcome.FAIL
    assert "Line 3 holds control characters." in " ".join([result.summary, *result.details])
    assert len(result.facts["problems"]) == 3
    assert "\\u00" not in json.dumps(result.facts)


def test_a_signed_file_is_read_inside_its_signature_only(run: Callable[..., RunResult]) -> None:
    good = SIGNED.format(fields=GOOD)
    result = run(served(good))
    assert result.outcome is Outcome.PASS
    assert result.facts["signed"] is True
    assert {"name": "-dash", "value": "escaped"} in result.facts["fields"]
    assert "hash" not in [field["name"] for field in result.facts["fields"]]
    assert run(served(good.replace("\n", "\r\n"))).outcome is Outcome.PASS
    for bad in (
        "Contact: mailto:evil@example.com\n" + good,
        good + "Contact: mailto:evil@example.com\n",
        good.replace("Hash: SHA256\n", "Contact: mailto:evil@example.com\n"),
        good.partition("=abcd")[0],
        good.partition("-----BEGIN PGP SIGNATURE")[0],
    ):
        result = run(served(bad))
        assert result.outcome is Outcome.FAIL
        assert "evil" not in str(result.facts["fields"])


@pytest.mark.parametrize(
    ("days", "outcome"),
    [(1, Outcome.WARN), (29, Outcome.WARN), (31, Outcome.PASS), (364, Outcome.PASS), (368, Outcome.WARN)],
)
def test_the_days_left_decide(run: Callable[..., RunResult], days: int, outcome: Outcome) -> None:
    assert run(served(f"Contact: mailto:a@example.com\n{expires(days)}")).outcome is outcome


def test_time_passes_over_old_facts(run: Callable[..., RunResult]) -> None:
    result = run(served(GOOD))
    config = {"url": "https://localhost/"}
    later = [
        re_evaluate("security_txt", result.facts, config, NOW + timedelta(days=d)).outcome
        for d in (0, 175, 201)
    ]
    assert later == [Outcome.PASS, Outcome.WARN, Outcome.FAIL]


@pytest.mark.parametrize(
    ("content_type", "outcome"),
    [
        ("text/plain", Outcome.PASS),
        ("Text/Plain; Charset=UTF-8", Outcome.PASS),
        ("text/plain; charset=iso-8859-1", Outcome.PASS),
        ("application/octet-stream", Outcome.FAIL),
        ("text/markdown", Outcome.FAIL),
        ("", Outcome.FAIL),
        ("text/html", Outcome.FAIL),
    ],
)
def test_the_content_type_decides(run: Callable[..., RunResult], content_type: str, outcome: Outcome) -> None:
    assert run(served(GOOD, content_type)).outcome is outcome


def test_bytes_that_are_not_utf8_fail(run: Callable[..., RunResult]) -> None:
    assert "UTF-8" in run(served(GOOD.encode() + b"# caf\xe9\n")).summary


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_file_fails_and_the_old_place_is_named(run: Callable[..., RunResult], status: int) -> None:
    def answer(request: bytes) -> bytes:
        return served(GOOD) if path_of(request) == "/security.txt" else served("no", status=status)

    assert run(served("<h1>404</h1>", "text/html", status)).outcome is Outcome.FAIL
    result = run(answer)
    assert result.outcome is Outcome.FAIL
    assert any("move it" in detail for detail in result.details)


def test_an_app_shell_is_not_a_file(run: Callable[..., RunResult]) -> None:
    result = run(served("<!doctype html>Contact: mailto:a@example.com", "text/html"))
    assert result.outcome is Outcome.FAIL
    assert "HTML page" in result.summary


@pytest.mark.parametrize("status", [400, 401, 403, 500, 503])
def test_other_answers_are_unknown(run: Callable[..., RunResult], status: int) -> None:
    result = run(response(GOOD, status=status, headers={"Content-Type": "text/plain", "Retry-After": "99"}))
    assert (result.outcome, result.proposed_answer) == (Outcome.UNKNOWN, None)


def test_a_redirect_to_a_sign_in_page_is_unknown(run: Callable[..., RunResult]) -> None:
    def answer(request: bytes) -> bytes:
        if path_of(request) == "/login":
            return served("<form>", "text/html")
        return response(status=302, headers={"Location": "/login"})

    assert run(answer).outcome is Outcome.UNKNOWN


def test_a_huge_file_is_unknown(run: Callable[..., RunResult]) -> None:
    assert run(served(GOOD + "# padding\n" * 20_000)).outcome is Outcome.UNKNOWN


def test_plain_http_fails(run: Callable[..., RunResult]) -> None:
    result = run(served(GOOD), tls=False)
    assert result.outcome is Outcome.FAIL
    assert result.summary == "security.txt is not served over HTTPS."


def test_a_redirect_down_to_http_fails(run: Callable[..., RunResult]) -> None:
    def answer(request: bytes) -> bytes:
        host = request.split(b"Host: ")[1].split(b"\r\n")[0].decode()
        return response(status=301, headers={"Location": f"http://{host}/.well-known/security.txt"})

    result = run(answer)
    assert result.outcome is Outcome.FAIL
    assert "not served over HTTPS" in result.summary


def test_canonical_must_name_the_file(run: Callable[..., RunResult]) -> None:
    def answer(request: bytes) -> bytes:
        host = request.split(b"Host: ")[1].split(b"\r\n")[0].decode()
        return served(
            f"{GOOD}Canonical: https://other.example/x\nCanonical: https://{host.upper()}{path_of(request)}\n"
        )

    assert run(answer).outcome is Outcome.PASS
    result = run(served(f"{GOOD}Canonical: https://other.example/.well-known/security.txt\n"))
    assert result.outcome is Outcome.WARN
    assert result.summary.startswith("Canonical does not name")


def test_public_contacts_are_kept_and_people_in_comments_are_not(run: Callable[..., RunResult]) -> None:
    result = run(served(f"# written by Jo.Doe@example.com\n{GOOD}"))
    text = (result.artifact or b"").decode()
    assert "security@example.com" in text
    assert "Doe" not in text + str(result.facts)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2031-12-31T23:59:00Z", datetime(2031, 12, 31, 23, 59, tzinfo=UTC)),
        ("2031-12-31t23:59:00.123z", datetime(2031, 12, 31, 23, 59, tzinfo=UTC)),
        ("2031-12-31T23:59:60+01:00", datetime(2031, 12, 31, 22, 59, 59, tzinfo=UTC)),
        ("2031-12-31T00:00:00-08:00", datetime(2031, 12, 31, 8, 0, tzinfo=UTC)),
        ("2031-12-31T23:59Z", None),
        ("2031-12-31 23:59:00Z", None),
        ("2031-12-31T23:59:00", None),
        ("2031-02-30T23:59:00Z", None),
        ("2031-12-31T24:00:00Z", None),
        ("2031-12-31T23:59:00+99:00", None),
        ("9999-12-31T23:59:00-23:00", None),
        ("٢٠٣١-12-31T23:59:00Z", None),
        ("", None),
    ],
)
def test_times(value: str, expected: datetime | None) -> None:
    assert form.parse_time(value) == expected
