"""Addresses in S3, and objects read piece by piece."""

from __future__ import annotations

import tracemalloc

import pytest

from control.storage import BUFFER_BYTES, S3Uri, open_object
from tests.servers import S3


def test_uri_is_written_as_it_was_read() -> None:
    """Keys may contain slashes, spaces and question marks."""
    text = "s3://results/jobs/1/a b?.json"

    assert str(S3Uri.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["results/key", "http://results/key", "s3://", "s3://results", "s3:///key"]
)
def test_anything_else_is_no_uri(text: str) -> None:
    """Bucket and key are both needed."""
    with pytest.raises(ValueError, match=r"s3:"):
        S3Uri.parse(text)


@pytest.mark.parametrize(
    ("key", "sibling"),
    [("run/manifest.json", "run/tree.json"), ("manifest.json", "tree.json")],
    ids=["in a folder", "at the top"],
)
def test_sibling_is_in_the_same_folder(key: str, sibling: str) -> None:
    """A manifest names its files relative to itself."""
    assert S3Uri("results", key).sibling("tree.json") == S3Uri("results", sibling)


def test_object_is_read_without_being_held_in_memory(s3: S3) -> None:
    """However large: one buffer at a time."""
    line = b"ACGT" * 256 + b"\n"
    count = 20 * BUFFER_BYTES // len(line)
    s3.client.put_object(Bucket=s3.bucket, Key="large", Body=line * count)

    tracemalloc.start()
    with open_object(s3.client, S3Uri(s3.bucket, "large")) as lines:
        read = sum(1 for found in lines if found == line)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert read == count
    assert peak < 4 * BUFFER_BYTES
