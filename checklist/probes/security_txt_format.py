"""A reader for security.txt (RFC 9116). Pure: text in, fields and problems out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
# RFC 5322 field names: printable ASCII without the colon.
_FIELD = re.compile(r"^([\x21-\x39\x3b-\x7e]{1,100}):[ \t]*(.*?)[ \t]*$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_URI = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*):(\S+)$")
# RFC 3339, section 5.6, with its lower-case letters and leap second.
_TIME = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:([Zz])|([+-])(\d\d):(\d\d))$", re.ASCII
)
URI_FIELDS = frozenset({"acknowledgments", "canonical", "contact", "encryption", "hiring", "policy", "csaf"})
MAX_FIELDS = 200


@dataclass(frozen=True, slots=True)
class SecurityTxt:
    """The fields in their order, names in lower case, and what is wrong with the form of the file."""

    fields: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]
    signed: bool


def parse(text: str) -> SecurityTxt:
    """Read a file, signed in the clear (RFC 9116, section 2.3) or not. Never raises."""
    lines = re.split(r"\r\n|\n|\r", text.removeprefix("\ufeff"))
    problems: list[str] = []
    signed = _SIGNED in (line.rstrip() for line in lines)
    numbered = list(enumerate(lines, start=1))
    if signed:
        numbered = _signed_part(numbered, problems)
    fields: list[tuple[str, str]] = []
    for number, line in numbered:
        if not line.strip() or line.startswith("#"):
            continue
        if _CONTROL.search(line):
            problems.append(f"Line {number} holds control characters.")
            continue
        match = _FIELD.match(line)
        if match is None or len(fields) >= MAX_FIELDS:
            problems.append(f"Line {number} is neither a field, a comment nor empty.")
            continue
        fields.append((match[1].lower(), match[2][:2048]))
    return SecurityTxt(tuple(fields), tuple(problems[:20]), signed)


def uri_problem(field: str, value: str) -> str:
    """Why a field's value is not the URI that it must be, or "".

    Web addresses must be https (section 2.5).
    """
    match = _URI.match(value)
    if match is None:
        hint = " Write mailto: before an e-mail address." if "@" in value else ""
        return f"{field} must be a URI.{hint}"
    scheme, rest = match[1].lower(), match[2]
    if scheme == "http":
        return f"{field} must use https, not http."
    if scheme == "https" and not re.match(r"^//[^/?#@\s]+", rest):
        return f"{field} has no host."
    if scheme == "mailto" and not re.match(r"^[^@\s]+@[^@\s]+$", rest):
        return f"{field} has no e-mail address after mailto:."
    if scheme == "tel" and not re.search(r"[0-9]", rest):
        return f"{field} has no number after tel:."
    return ""


def parse_time(value: str) -> datetime | None:
    """An RFC 3339 date and time, or None. `datetime.fromisoformat` takes much more than that."""
    match = _TIME.match(value)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    offset = timedelta()
    if match[7] is None:
        offset = timedelta(hours=int(match[9]), minutes=int(match[10])) * (-1 if match[8] == "-" else 1)
    try:
        # 60 is a leap second.
        zone = timezone(offset)
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _signed_part(lines: list[tuple[int, str]], problems: list[str]) -> list[tuple[int, str]]:
    """The lines inside the signature, dash-escapes undone (RFC 9580, section 7.2).

    Any other line is a problem.
    """
    bare = [line.rstrip() for _, line in lines]
    start = bare.index(_SIGNED)
    text = _find(bare, "", start + 1)
    signature = _find(bare, _SIGNATURE, text)
    end = _find(bare, _END, signature)
    if end == len(lines):
        problems.append("The signature is not complete.")
    armor = [number for number, line in lines[start + 1 : text] if not line.startswith("Hash:")]
    outside = [number for number, line in lines[:start] + lines[end + 1 :] if line.strip()]
    problems += [f"Line {number} is outside the signed text." for number in armor + outside]
    return [(number, line.removeprefix("- ")) for number, line in lines[text:signature]]


def _find(lines: list[str], wanted: str, start: int) -> int:
    """The index of a line, or the number of lines where it is missing."""
    return next((index for index in range(start, len(lines)) if lines[index] == wanted), len(lines))
