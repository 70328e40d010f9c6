"""The store: what it takes, what it refuses, and that nothing is lost or left behind."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from readiness.errors import Invalid, NotFound, TooLarge, Unavailable
from reviews import storage
from reviews.filetypes import clean_name
from reviews.models import StoredFile
from tests.files import PNG, REFUSED, TAKEN
from tests.threads import at_once

LIMIT = 4 * 1024 * 1024


@pytest.fixture
def place(settings: Any, tmp_path: Path) -> Path:
    """A store of its own, to look at as a whole."""
    settings.STORED_FILES_DIR = tmp_path / "store"
    return tmp_path / "store"


def put(content: bytes, name: str = "note.txt", limit: int = LIMIT) -> StoredFile:
    return storage.store(io.BytesIO(content), max_bytes=limit, name=name)


def files_in(place: Path) -> list[str]:
    return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())


@pytest.mark.django_db
@pytest.mark.parametrize("name", TAKEN)
def test_takes_what_is_allowed(place: Path, name: str) -> None:
    content = TAKEN[name]
    stored = put(content, name)
    digest = hashlib.sha256(content).hexdigest()
    assert (stored.sha256, stored.size) == (digest, len(content))
    with storage.open_file(stored) as handle:
        assert handle.read() == content
    assert files_in(place) == sorted([".lock", f"{digest[:2]}/{digest[2:4]}/{digest}"])


@pytest.mark.django_db
@pytest.mark.parametrize("name", REFUSED)
def test_refuses_the_rest_and_leaves_nothing(place: Path, name: str) -> None:
    with pytest.raises(Invalid) as caught:
        put(REFUSED[name], name)
    assert caught.value.status == 422
    assert caught.value.fields == {"file": [caught.value.message]}
    assert "\x00" not in caught.value.message
    assert "\u202e" not in caught.value.message
    assert not StoredFile.objects.exists()
    assert [name for name in files_in(place) if name != ".lock"] == [] if place.exists() else True


@pytest.mark.django_db
def test_refuses_an_empty_file(place: Path) -> None:
    with pytest.raises(Invalid, match="empty"):
        put(b"")
    assert files_in(place) == []


@pytest.mark.django_db
def test_a_file_beyond_the_limit_is_413_and_read_no_further(place: Path) -> None:
    class Endless:
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b"a" * size

    endless = Endless()
    with pytest.raises(TooLarge, match="larger than 4 MB") as caught:
        storage.store(endless, max_bytes=LIMIT, name="a.txt")
    assert caught.value.status == 413
    assert endless.given <= LIMIT + 2 * storage.CHUNK
    assert files_in(place) == []


@pytest.mark.django_db
def test_the_limit_itself_is_taken(place: Path) -> None:
    assert put(b"a" * 100, limit=100).size == 100
    with pytest.raises(TooLarge):
        put(b"a" * 101, limit=100)


@pytest.mark.django_db
def test_a_name_never_becomes_a_path(place: Path) -> None:
    stored = put(PNG, "../../../etc/cron.d/x.png")
    assert files_in(place.parent) == [
        "store/.lock",
        f"store/{stored.sha256[:2]}/{stored.sha256[2:4]}/{stored.sha256}",
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../x.html", "x.html"),
        ("..\\..\\windows\\x.txt", "x.txt"),
        ("/etc/passwd", "passwd"),
        ("  two   words .txt ", "two words .txt"),
        ("a\r\nSet-Cookie: b.txt", "aSet-Cookie: b.txt"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("nul\x00.txt", "nul.txt"),
        ("Größe.csv", "Größe.csv"),
        ("Gro\u0308ße.csv", "Größe.csv"),
        ("...", ""),
        ("a" * 300 + ".json", "a" * 195 + ".json"),
    ],
)
def test_names_are_cleaned(given: str, shown: str) -> None:
    assert clean_name(given) == shown


@pytest.mark.django_db
def test_the_same_bytes_are_kept_once_and_heal_a_damaged_copy(place: Path) -> None:
    first = put(b"same", "a.txt")
    storage.path_of(first.sha256).write_bytes(b"damaged")
    second = put(b"same", "b.csv")
    assert first == second
    assert StoredFile.objects.count() == 1
    with storage.open_file(second) as handle:
        assert handle.read() == b"same"


@pytest.mark.django_db(transaction=True)
def test_many_writers_of_the_same_bytes(place: Path) -> None:
    content = os.urandom(1024).hex().encode() * 200
    rows = at_once(*[lambda: put(content).sha256] * 8)
    assert rows == [hashlib.sha256(content).hexdigest()] * 8
    assert StoredFile.objects.count() == 1
    assert len(files_in(place)) == 2


@pytest.mark.django_db
def test_a_full_disk_is_a_clear_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(Unavailable, match="disk is full"):
        put(b"too much")
    assert files_in(place) == []
    assert not StoredFile.objects.exists()


@pytest.mark.django_db
def test_our_own_bytes_are_not_sniffed(place: Path) -> None:
    stored = storage.store_own(b"<html>", "application/pdf")
    assert stored.media_type == "application/pdf"


@pytest.mark.django_db
def test_missing_bytes_are_a_clear_error(place: Path) -> None:
    stored = put(b"gone")
    storage.path_of(stored.sha256).unlink()
    with pytest.raises(NotFound, match="backup"):
        storage.open_file(stored)


def age(stored: StoredFile, days: float) -> None:
    then = time.time() - days * 86400
    os.utime(storage.path_of(stored.sha256), (then, then))
    StoredFile.objects.filter(pk=stored.pk).update(created_at=timezone.now() - timedelta(days=days))


@pytest.mark.django_db
def test_tidy_takes_old_orphans_and_leaves_young_ones(place: Path, tmp_path: Path, settings: Any) -> None:
    old, young, rowless = put(b"old"), put(b"young"), put(b"rowless")
    age(old, 2)
    age(rowless, 2)
    rowless.delete()
    for folder in (place / "tmp", tmp_path / "uploads"):
        folder.mkdir(exist_ok=True)
        (folder / "broken").write_bytes(b"half")
        os.utime(folder / "broken", (0, 0))
        (folder / "arriving").write_bytes(b"half")
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    done = storage.tidy()
    assert (done.rows, done.files, done.temporary, done.freed) == (1, 2, 2, 18)
    for folder in (place / "tmp", tmp_path / "uploads"):
        (folder / "arriving").unlink()
    assert list(StoredFile.objects.all()) == [young]
    assert files_in(place) == [".lock", str(storage.path_of(young.sha256).relative_to(place))]


@pytest.mark.django_db
def test_storing_again_saves_an_old_orphan_from_tidy(place: Path) -> None:
    stored = put(b"back again")
    age(stored, 5)
    put(b"back again")
    storage.tidy()
    with storage.open_file(stored) as handle:
        assert handle.read() == b"back again"


@pytest.mark.django_db
def test_verify_names_what_is_missing_or_changed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, changed, missing = put(b"good"), put(b"changed"), put(b"missing")
    call_command("files", "verify")
    storage.path_of(changed.sha256).write_bytes(b"CHANGED")
    storage.path_of(missing.sha256).unlink()
    with pytest.raises(CommandError, match="2 files"):
        call_command("files", "verify")
    shown = capsys.readouterr().err
    assert f"{changed.sha256} was changed" in shown
    assert f"{missing.sha256} is missing" in shown
    assert good.sha256 not in shown
