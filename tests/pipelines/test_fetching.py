"""Files are fetched whole, from where the operator said, and from nowhere else."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import fetching, retries
from pipelines.fetching import FetchError, fetch
from tests.pipelines.source import HOST, Source, published

CONTENT = bytes(range(256)) * 40


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    """Publish a file, and wait for nothing between two tries."""
    monkeypatch.setattr("pipelines.retries.time.sleep", lambda _seconds: None)
    with published() as source:
        source.files["/a"] = CONTENT
        yield source


def test_transfer_that_breaks_off_goes_on(source: Source, tmp_path: Path) -> None:
    """Ask for the rest only, as often as it takes."""
    source.breaks = [4000, 100]

    fetch(f"{source.url}/a", tmp_path / "a", sha256=hashlib.sha256(CONTENT).hexdigest())

    assert (tmp_path / "a").read_bytes() == CONTENT
    assert [wanted for _, wanted in source.asked] == [None, "bytes=4000-", "bytes=4100-"]


def test_file_that_changed_meanwhile_is_fetched_anew(source: Source, tmp_path: Path) -> None:
    """Join no parts of two versions."""
    source.breaks, source.newer["/a"] = [4000], CONTENT[::-1]

    fetch(f"{source.url}/a", tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == CONTENT[::-1]
    assert [wanted for _, wanted in source.asked] == [None, "bytes=4000-"]


def test_server_without_versions_is_asked_for_the_whole(source: Source, tmp_path: Path) -> None:
    """Trust no part whose version nobody knows."""
    source.etag, source.breaks = None, [4000]

    fetch(f"{source.url}/a", tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == CONTENT
    assert [wanted for _, wanted in source.asked] == [None, None]


def test_transfer_that_never_ends_well_is_given_up(source: Source, tmp_path: Path) -> None:
    """Say how much came."""
    source.etag, source.breaks = None, [10] * 10

    with pytest.raises(FetchError, match=f"10 of {len(CONTENT)} bytes came"):
        fetch(f"{source.url}/a", tmp_path / "a")

    assert len(source.asked) == retries.TRIES


def test_server_that_is_away_is_named(source: Source, tmp_path: Path) -> None:
    """Say which one, and no more of the address."""
    with pytest.raises(FetchError, match=f"^{HOST} cannot be reached") as caught:
        fetch(f"http://{HOST}:9/secret", tmp_path / "a")

    assert "secret" not in str(caught.value)


def test_redirect_within_the_server_is_followed(source: Source, tmp_path: Path) -> None:
    """Fetch it where the operator said."""
    source.redirects["/moved"] = "/a"

    fetch(f"{source.url}/moved", tmp_path / "a")

    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("http://127.0.0.1:{other}/a", "is in a private network"),
        ("http://localhost:{other}/a", "is in a private network"),
        ("http://[::ffff:127.0.0.1]:{other}/a", "is in a private network"),
        ("https://169.254.169.254/latest/meta-data", "is in a private network"),
        ("file:///etc/passwd", "sends on to file"),
        ("ftp://example.org/a", "must be the URL of https, http or file"),
        ("http://user:word@example.org/a", "must contain no password"),
        ("/moved", "sends on more than"),
    ],
)
def test_redirect_leads_into_no_other_network(
    source: Source, tmp_path: Path, target: str, message: str
) -> None:
    """Make no request there: whoever changes a source must not reach servers beside the worker."""
    with published() as other:
        other.files["/a"] = b"private"
        source.redirects["/moved"] = target.format(other=other.url.rpartition(":")[2])

        with pytest.raises(FetchError, match=message):
            fetch(f"{source.url}/moved", tmp_path / "a")

        assert other.asked == []


def test_file_of_the_machine_is_read_if_the_operator_names_it(tmp_path: Path) -> None:
    """Copy it; an empty or absent one is an error."""
    path = tmp_path / "a b"
    path.write_bytes(CONTENT)

    fetch(path.as_uri(), tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == CONTENT
    path.write_bytes(b"")
    with pytest.raises(FetchError, match="empty file"):
        fetch(path.as_uri(), tmp_path / "copy")
    with pytest.raises(FetchError, match="No such file"):
        fetch(f"{path.as_uri()}-not", tmp_path / "copy")


def test_file_that_is_too_large_is_given_up(source: Source, tmp_path: Path) -> None:
    """Stop as soon as it is; one byte less is accepted."""
    fetch(f"{source.url}/a", tmp_path / "a", most_bytes=len(CONTENT))
    with pytest.raises(FetchError, match="sends more than"):
        fetch(f"{source.url}/a", tmp_path / "a", most_bytes=len(CONTENT) - 1)


def test_image_has_what_its_programs_import(tmp_path: Path) -> None:
    """Copy what the Dockerfile copies, and import what asks control for public addresses."""
    root = Path(fetching.__file__).parents[1]
    for line in (root / "pipelines/phylo/Dockerfile").read_text("utf-8").splitlines():
        words = line.split()
        if words[:1] == ["COPY"] and words[-1].startswith("/opt/aspen/"):
            folder = tmp_path / words[-1].removeprefix("/opt/aspen/")
            for source in words[1:-1]:
                copy(root / source, folder)

    done = subprocess.run(
        [sys.executable, "-c", "import pipelines.fetching as it; print(it.__file__)"],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == str(tmp_path / "pipelines/fetching.py")


def copy(source: Path, folder: Path) -> None:
    """Copy as COPY does: what is in a folder, or a file into one."""
    if source.is_dir():
        shutil.copytree(source, folder)
    else:
        folder.mkdir(exist_ok=True)
        shutil.copy(source, folder)
