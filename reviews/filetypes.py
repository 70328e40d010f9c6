"""Which files may be evidence: told from their content, and the name has to agree.

A name and a browser's Content-Type are claims. The content decides: its first bytes for images and PDF (as in
the WHATWG MIME Sniffing Standard), the whole of it for text, which has to be UTF-8 without control characters
and must not begin as HTML, SVG or XML.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, Literal

from readiness.errors import Invalid

Preview = Literal["image", "pdf", "text"]
HEAD_BYTES: Final = 4096
MAX_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class FileType:
    """A type that is taken. `content` is what the bytes have to look like."""

    media_type: str
    content: str
    preview: Preview


_TEXT: Final = FileType("text/plain", "text", "text")
_MARKDOWN: Final = FileType("text/markdown", "text", "text")
_YAML: Final = FileType("application/yaml", "text", "text")
_JPEG: Final = FileType("image/jpeg", "jpeg", "image")
BY_EXTENSION: Final[dict[str, FileType]] = {
    "png": FileType("image/png", "png", "image"),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": FileType("image/gif", "gif", "image"),
    "webp": FileType("image/webp", "webp", "image"),
    "pdf": FileType("application/pdf", "pdf", "pdf"),
    "json": FileType("application/json", "text", "text"),
    "csv": FileType("text/csv", "text", "text"),
    "txt": _TEXT,
    "log": _TEXT,
    "md": _MARKDOWN,
    "markdown": _MARKDOWN,
    "yaml": _YAML,
    "yml": _YAML,
}
ACCEPTED_WORDS: Final = "PNG, JPEG, GIF, WebP, PDF, JSON, CSV, YAML, Markdown, text or log"
ACCEPT_ATTRIBUTE: Final = ",".join(f".{extension}" for extension in BY_EXTENSION)

_MAGIC: Final[tuple[tuple[re.Pattern[bytes], str, str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), kind, words)
    for pattern, kind, words in (
        (rb"\x89PNG\r\n\x1a\n", "png", "a PNG image"),
        (rb"\xff\xd8\xff", "jpeg", "a JPEG image"),
        (rb"GIF8[79]a", "gif", "a GIF image"),
        (rb"RIFF....WEBPVP", "webp", "a WebP image"),
        (rb"%PDF-[12]\.", "pdf", "a PDF"),
        (
            rb"MZ|\x7fELF|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|\xfe\xed\xfa[\xce\xcf]",
            "refused",
            "a program",
        ),
        (rb"PK[\x03\x05\x07]", "refused", "a ZIP archive or an Office document"),
        (
            rb"\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd",
            "refused",
            "a compressed archive",
        ),
        (rb"\xd0\xcf\x11\xe0", "refused", "an old Office document"),
        (rb"\xff\xfe|\xfe\xff", "refused", "text in UTF-16, and text has to be UTF-8"),
    )
)
# Markup that makes a document, or runs, wherever it stands at the start of a line.
_DOCUMENT: Final = re.compile(
    r"^[^\S\n]*<(?:!doctype\b|\?xml\b|!entity\b"
    r"|/?(?:html|head|body|script|style|svg|iframe|frameset|object|embed|meta|link|base|form|math)(?=[\s/>]))",
    re.IGNORECASE | re.MULTILINE,
)
# Also what a browser without `nosniff` would take for HTML when a file begins with it. Markdown may.
_BEGINS_AS_HTML: Final = re.compile(
    r"\s*<(?:!--|(?:h1|div|font|table|a|title|b|br|p|img|video|audio|marquee)(?=[\s/>]))", re.IGNORECASE
)
# ESC stays: logs have colours.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def clean_name(name: str) -> str:
    """Return `name` as it may be shown and offered for download: no folders, no invisible characters.

    Never used as a path. An empty string when nothing is left.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(
        char for char in unicodedata.normalize("NFC", last) if unicodedata.category(char) not in _INVISIBLE
    )
    shown = " ".join(shown.split()).strip(" .")
    if len(shown) <= MAX_NAME:
        return shown
    path = PurePosixPath(shown)
    suffix = path.suffix[:20]
    return path.stem[: MAX_NAME - len(suffix)] + suffix


def type_of_name(name: str) -> FileType:
    """Return the type that the name's extension claims; raise Invalid when that type is not taken."""
    extension = PurePosixPath(name).suffix.lower().removeprefix(".")
    found = BY_EXTENSION.get(extension)
    if found is None:
        what = f"Files named .{extension} are" if extension else "A file without an extension is"
        raise _refused(f"{what} not taken here. Send {ACCEPTED_WORDS}, or add a link to it.")
    return found


class Sniffer:
    """Looks at a file while it streams by. `feed` each chunk, then `finish`; both raise Invalid."""

    def __init__(self, name: str) -> None:
        self.claimed = type_of_name(name)
        self._name = name
        self._head = b""
        self._judged = False
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        if not self._judged:
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            if len(self._head) >= HEAD_BYTES:
                self._judge_head()
        if self.claimed.content == "text":
            self._read_text(chunk)

    def finish(self) -> FileType:
        """Judge the whole; return its type."""
        if not self._judged:
            self._judge_head()
        if self.claimed.content == "text":
            self._read_text(b"", final=True)
        return self.claimed

    def _judge_head(self) -> None:
        self._judged = True
        kind, words = _look_at(self._head, self.claimed)
        if kind != self.claimed.content:
            raise _refused(
                f"“{self._name}” is {words}, not what its name says. "
                f"Send {ACCEPTED_WORDS}, named as what it is."
            )
        if (
            self.claimed.media_type == "application/json"
            and self._head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in b"{["
        ):
            raise _refused(
                f"“{self._name}” is not JSON: it has to begin with {{ or [. Name it .txt if it is text."
            )

    def _read_text(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            raise _refused(
                f"“{self._name}” is not text in UTF-8. Save it as UTF-8 and send it again."
            ) from None
        if _CONTROL.search(text):
            raise _refused(
                f"“{self._name}” has control characters in it, so it is not text. Send {ACCEPTED_WORDS}."
            )


def _look_at(head: bytes, claimed: FileType) -> tuple[str, str]:
    for pattern, kind, words in _MAGIC:
        if pattern.match(head):
            return kind, words
    text = head.decode("utf-8-sig", errors="replace")
    begins = claimed is not _MARKDOWN and _BEGINS_AS_HTML.match(text)
    if begins or _DOCUMENT.search(text):
        return "refused", "HTML, SVG or XML, which is not taken"
    return ("refused", "something unknown") if _CONTROL.search(text) else ("text", "text")


def _refused(message: str) -> Invalid:
    return Invalid(message, {"file": [message]})
