"""Where the embedded servers are, and what is refused before anything starts."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from readiness.embedded import places
from readiness.embedded.places import CannotStart
from readiness.embedded.run import make_plan
from readiness.embedded.run import run as run_plan


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("readiness.example.com", False),
        ("localhost.example.com", False),
        ("", False),
    ],
)
def test_loopback(host: str, expected: bool) -> None:
    assert places.is_loopback(host) is expected


def test_a_socket_has_a_short_path_however_deep_the_checkout_is() -> None:
    deep = Path("/home/somebody") / "a rather long directory name" / ("x" * 200)
    path = places.socket_dir(deep) / "pg" / f".s.PGSQL.{places.PORT}.lock"
    assert len(str(path)) < 100
    assert places.socket_dir(deep) == places.socket_dir(deep)
    assert places.socket_dir(deep) != places.socket_dir(deep / "other")


def test_a_directory_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    target.mkdir()
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        places.make_private_dir(link, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory of another account")
def test_a_directory_of_another_account_is_not_used(tmp_path: Path) -> None:
    target = tmp_path / "theirs"
    target.mkdir()
    os.chown(target, 4321, 4321)
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        places.make_private_dir(target, None)


def test_a_private_directory_is_closed_even_if_it_was_open(tmp_path: Path) -> None:
    target = tmp_path / "sockets"
    target.mkdir(mode=0o777)
    places.make_private_dir(target, None)
    assert target.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("port", ["0", "65536", "-1", "80a", "eight", " ", "٨٠٠٠"])
def test_a_port_that_is_none_is_refused_with_an_example(port: str) -> None:
    with pytest.raises(CannotStart, match="make run PORT=8001"):
        make_plan({"PORT": port}, demo=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "readiness.example.com"])
def test_the_demo_is_refused_where_others_can_reach_it(host: str) -> None:
    with pytest.raises(CannotStart, match="demo"):
        make_plan({"HOST": host}, demo=True)
    assert make_plan({"HOST": host}, demo=False).host == host


def test_the_demo_is_refused_under_a_public_name() -> None:
    with pytest.raises(CannotStart, match="READINESS_BASE_URL"):
        make_plan({"READINESS_BASE_URL": "https://readiness.example.com"}, demo=True)


def test_a_taken_port_is_said_before_anything_is_started(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        data = tmp_path / "data"
        assert run_plan(make_plan({"PORT": str(port), "READINESS_DATA": str(data)}, demo=True)) == 1
    said = capsys.readouterr().err
    assert f"Port {port} on 127.0.0.1 is taken" in said
    assert "make run PORT=" in said
    assert {path.name for path in data.iterdir()} == {"run.lock"}
