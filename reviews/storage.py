"""Files kept by their SHA-256, outside the web root: `<STORED_FILES_DIR>/ab/cd/<sha256>`.

No part of a path comes from a user. A file is written beside its place and renamed, so that it is there
whole or not at all; the same bytes are kept once, whoever sends them. Clean-up and writers hold a lock on the
store, and a file that was just stored stays for a day even if nothing refers to it yet.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from readiness.errors import Invalid, NotFound, TooLarge, Unavailable
from readiness.ui import size_words
from reviews.filetypes import Sniffer, clean_name
from reviews.models import StoredFile

CHUNK: Final = 256 * 1024
GRACE: Final = timedelta(days=1)


class Readable(Protocol):
    """Anything that gives its bytes in pieces."""

    def read(self, size: int = ..., /) -> bytes:
        """Return the next bytes; none at the end."""


def store(stream: Readable, *, max_bytes: int, name: str) -> StoredFile:
    """Keep a file that a person or a pipeline sent, and return its row.

    `name` is what the sender calls it: its extension has to agree with the content. No path is made of it.
    Raises Invalid for an empty file and for content that `filetypes` refuses, TooLarge beyond `max_bytes`.
    """
    sniffer = Sniffer(clean_name(name))
    digest, size = _keep(stream, max_bytes, sniffer.feed, lambda: sniffer.finish().media_type)
    return _row(digest, size, sniffer.claimed.media_type)


def store_own(content: bytes, media_type: str) -> StoredFile:
    """Keep bytes that Readiness made itself, such as a packet, as `media_type`; nothing is sniffed."""
    digest, size = _keep(io.BytesIO(content), len(content), lambda _chunk: None, lambda: media_type)
    return _row(digest, size, media_type)


def open_file(stored: StoredFile) -> BinaryIO:
    """Open a kept file for reading. Raises NotFound when its bytes are missing from the disk."""
    try:
        return path_of(stored.sha256).open("rb")
    except FileNotFoundError:
        raise NotFound(
            "The bytes of this file are missing from the server's disk. "
            "Ask your operator to restore them from a backup."
        ) from None


def path_of(sha256: str) -> Path:
    """Where the bytes with this hash are kept, or would be."""
    return Path(settings.STORED_FILES_DIR) / sha256[:2] / sha256[2:4] / sha256


def _keep(
    stream: Readable, max_bytes: int, look: Callable[[bytes], None], settle: Callable[[], str]
) -> tuple[str, int]:
    descriptor, temporary = tempfile.mkstemp(dir=_folder("tmp"))
    try:
        with os.fdopen(descriptor, "wb") as target:
            digest, size = _copy(stream, target, max_bytes, look)
            settle()
            target.flush()
            os.fsync(target.fileno())
        _put(Path(temporary), digest)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise Unavailable(
            "The server's disk is full, so the file was not kept. "
            "Tell your operator, and send it again later."
        ) from error
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
    return digest, size


def _copy(
    stream: Readable, target: BinaryIO, max_bytes: int, look: Callable[[bytes], None]
) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        size += len(chunk)
        if size > max_bytes:
            message = (
                f"This file is larger than {size_words(max_bytes)}, the most that is taken. "
                "Send a smaller one, or keep it elsewhere and add a link."
            )
            raise TooLarge(message, {"file": [message]})
        look(chunk)
        digest.update(chunk)
        target.write(chunk)
    if not size:
        message = "This file is empty. Choose one that has something in it."
        raise Invalid(message, {"file": [message]})
    return digest.hexdigest(), size


def _put(temporary: Path, digest: str) -> None:
    place = path_of(digest)
    _folder(digest[:2], digest[2:4])
    with _lock(fcntl.LOCK_SH):
        # Renamed over what is there, even if it is the same: that renews its age and heals a damaged copy.
        temporary.replace(place)
        _sync(place.parent)


def _row(digest: str, size: int, media_type: str) -> StoredFile:
    # A row that is there already keeps its type, and counts as new, so that no clean-up takes it away.
    StoredFile.objects.bulk_create(
        [StoredFile(sha256=digest, size=size, media_type=media_type)],
        update_conflicts=True,
        unique_fields=["sha256"],
        update_fields=["created_at"],
    )
    return StoredFile.objects.get(pk=digest)


def _folder(*parts: str) -> Path:
    folder = Path(settings.STORED_FILES_DIR).joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lock(kind: int) -> Iterator[None]:
    """Lock the store for processes on this machine: shared by writers, exclusive for the clean-up."""
    with (_folder() / ".lock").open("ab") as handle:
        fcntl.flock(handle, kind)
        yield


# -- Housekeeping ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tidied:
    """What a clean-up took away."""

    rows: int
    files: int
    temporary: int
    freed: int


def tidy(grace: timedelta = GRACE) -> Tidied:
    """Remove what nothing refers to and is older than `grace`: rows, files without a row, broken uploads."""
    rows = _tidy_rows(timezone.now() - grace)
    before = time.time() - grace.total_seconds()
    known = frozenset(StoredFile.objects.values_list("pk", flat=True))
    files = freed = 0
    for place in _blobs():
        if place.name not in known:
            size = _remove(place, before)
            files, freed = files + (size is not None), freed + (size or 0)
    uploads = Path(settings.FILE_UPLOAD_TEMP_DIR)
    left = [*_folder("tmp").iterdir(), *(uploads.iterdir() if uploads.is_dir() else ())]
    unfinished = [_remove(place, before) for place in left if place.is_file()]
    gone = [size for size in unfinished if size is not None]
    return Tidied(rows, files, len(gone), freed + sum(gone))


def _remove(place: Path, before: float) -> int | None:
    with _lock(fcntl.LOCK_EX), suppress(FileNotFoundError):
        state = place.stat()
        if state.st_mtime < before:
            place.unlink()
            return state.st_size
    return None


def unreferenced() -> QuerySet[StoredFile]:
    """Rows that no other row points at, whatever models come to refer to files."""
    rows = StoredFile.objects.all()
    for model in apps.get_models():
        for field in model._meta.concrete_fields:  # noqa: SLF001  # Django's documented interface
            if field.related_model is StoredFile:
                pointing = model._base_manager.filter(**{field.name: OuterRef("pk")})  # noqa: SLF001
                rows = rows.filter(~Exists(pointing))
    return rows


def _tidy_rows(cutoff: datetime) -> int:
    taken = 0
    for pk in unreferenced().filter(created_at__lt=cutoff).values_list("pk", flat=True):
        with transaction.atomic():
            # Looked at again under the lock: somebody may have stored the same bytes just now.
            row = StoredFile.objects.select_for_update().filter(pk=pk, created_at__lt=cutoff).first()
            if row and unreferenced().filter(pk=pk).exists():
                row.delete()
                taken += 1
    return taken


@dataclass(frozen=True, slots=True)
class Fault:
    """A kept file that is not what its row says."""

    sha256: str
    problem: str


def verify() -> Iterator[Fault]:
    """Read every kept file again and yield those that are missing or whose bytes have changed."""
    for row in StoredFile.objects.order_by("pk").iterator():
        place = path_of(row.sha256)
        try:
            with place.open("rb") as handle:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
        except FileNotFoundError:
            yield Fault(row.sha256, "is missing")
            continue
        if digest != row.sha256:
            yield Fault(row.sha256, f"was changed: its bytes now give {digest}")


def _blobs() -> Iterator[Path]:
    root = _folder()
    for place in root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
        if place.is_file():
            yield place
