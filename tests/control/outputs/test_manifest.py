"""Manifests are checked, and every problem is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from control.errors import ControlError
from control.outputs.manifest import NamedFile, Submission, parse_manifest
from control.storage.s3 import S3Uri
from tests.control.outputs.desk import Desk

MANIFEST = S3Uri("bucket", "jobs/7/1/manifest.json")
FILE: dict[str, Any] = {"kind": "auspice_json", "key": "tree.json"}
GOOD: dict[str, Any] = {"kind": "phylo_run", "attempt": 1, "status": "succeeded", "files": [FILE]}


def problems_of(document: Any) -> list[str]:
    """Return the problems of a manifest."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(ControlError) as caught:
        parse_manifest(content, MANIFEST)
    return [line.strip() for line in caught.value.message.splitlines()]


def test_manifest_is_read_as_it_stands() -> None:
    """Compare checksums in lower case, and ETags without quotes."""
    stated = {"size": 3, "etag": '"0f"', "sha256": "AB" * 32}
    document = GOOD | {
        "error": None,
        "software_versions": {"augur": "24"},
        "resolved_template_args": {"filter_end_date": "2024-01-01"},
        "files": [FILE | stated],
    }

    assert parse_manifest(json.dumps(document).encode(), MANIFEST) == Submission(
        source="s3://bucket/jobs/7/1/manifest.json",
        files=(
            NamedFile("auspice_json", S3Uri("bucket", "jobs/7/1/tree.json"), 3, "0f", "ab" * 32),
        ),
        kind="phylo_run",
        attempt=1,
        software_versions={"augur": "24"},
        resolved_template_args={"filter_end_date": "2024-01-01"},
    )


@pytest.mark.parametrize("key", ["tree.json", "a folder/tree ü+.json", "jobs/7/1/tree.json"])
def test_keys_are_relative_to_the_manifest_or_full(key: str) -> None:
    """Name an object below the manifest either way."""
    manifest = parse_manifest(
        json.dumps(GOOD | {"files": [FILE | {"key": key}]}).encode(), MANIFEST
    )

    assert manifest.files[0].uri.key == f"jobs/7/1/{key.removeprefix('jobs/7/1/')}"


@pytest.mark.parametrize(
    "key",
    [
        "../2/tree.json",
        "jobs/8/1/tree.json",
        "jobs/7/1/../../8/1/tree.json",
        "/tree.json",
        "s3://other/tree.json",
        "./tree.json",
        "folder/",
        "jobs/7/1/",
    ],
)
def test_keys_outside_the_manifests_folder_are_refused(key: str) -> None:
    """Keep a job from registering another job's files as its own."""
    first, *rest = problems_of(GOOD | {"files": [FILE | {"key": key}]})

    assert first == "s3://bucket/jobs/7/1/manifest.json: is not a manifest:"
    assert rest[0].startswith(f"files[0].key: {key!r} is")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "tree"}, "kind: must be one of repository_processing, repository_download, "),
        (
            {"kind": ["phylo_run"]},
            "kind: must be one of repository_processing, repository_download, ",
        ),
        ({"attempt": 0}, "attempt: must be a whole number from 1"),
        ({"attempt": True}, "attempt: must be a whole number from 1"),
        ({"attempt": "1"}, "attempt: must be a whole number from 1"),
        ({"status": "done"}, "status: must be one of succeeded, failed"),
        ({"status": "failed"}, "error: must say why the job failed"),
        ({"error": "oops"}, "error: must be null when status is succeeded"),
        ({"error": ""}, "error: must be a non-empty string"),
        ({"software_versions": ["augur"]}, "software_versions: must be an object"),
        (
            {"software_versions": {"augur": 24}},
            "software_versions.augur: must be a non-empty string",
        ),
        (
            {"software_versions": {"augur": "24\x1b[2J"}},
            "software_versions: one is '24\\x1b[2J', which holds the control character U+001B",
        ),
        ({"resolved_template_args": "x"}, "resolved_template_args: must be an object"),
        ({"files": {}}, "files: must be a list"),
        ({"files": []}, "files: auspice_json is missing"),
        ({"files": [FILE, FILE]}, "files: auspice_json is named twice"),
        ({"files": ["tree.json"]}, "files[0]: must be an object"),
        (
            {"files": [FILE | {"kind": "tree"}]},
            "files[0].kind: must be one of processed_sequences, ",
        ),
        ({"files": [FILE | {"kind": "aligned_fasta"}]}, "files: a phylo_run has no aligned_fasta"),
        ({"files": [{"kind": "auspice_json"}]}, "files[0].key: is missing"),
        ({"files": [FILE | {"key": 5}]}, "files[0].key: must be a non-empty string"),
        ({"files": [FILE | {"size": -1}]}, "files[0].size: must be a whole number from 0"),
        ({"files": [FILE | {"size": 1.5}]}, "files[0].size: must be a whole number from 0"),
        ({"files": [FILE | {"sha256": "ab"}]}, "files[0].sha256: must be 64 hexadecimal digits"),
        ({"files": [FILE | {"bucket": "other"}]}, "files[0].bucket: is unknown"),
        ({"job_id": 8}, "job_id: is unknown"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else None,
)
def test_problem_is_named(changes: dict[str, Any], problem: str) -> None:
    """Name the member that is wrong."""
    assert any(line.startswith(problem) for line in problems_of(GOOD | changes))


def test_all_problems_are_named_at_once() -> None:
    """Name more than the first problem."""
    assert problems_of(
        {"kind": "phylo_run", "status": "succeeded", "files": [FILE | {"size": "1"}]}
    ) == [
        "s3://bucket/jobs/7/1/manifest.json: is not a manifest:",
        "attempt: is missing",
        "files[0].size: must be a whole number from 0",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "line 1 column 1: is not JSON"),
        (b'{"kind":\n}', "line 2 column 1: is not JSON"),
        (b"[]", "is not a manifest:"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": 1e999}', "the number 1e999 is too large"),
        (b'{"a": 1, "a": 2}', "the member 'a' is given twice"),
        (b'{"error": "\\u0000"}', "a string holds the character NUL"),
        (b'{"error": "\\ud800"}', "a string holds half of a surrogate pair"),
        (b'{\n"error": "\xff"}', "line 2: is not UTF-8"),
        (b"\x1f\x8b\x08", "is compressed with gzip"),
        (b"[" * 100_000, "is nested too deeply"),
    ],
)
def test_malformed_json_is_refused(content: bytes, problem: str) -> None:
    """Name the line, if it is known."""
    assert problem in problems_of(content)[0]


def test_byte_order_mark_is_tolerated() -> None:
    """Accept it, because some editors write one."""
    assert parse_manifest(b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), MANIFEST).kind == "phylo_run"


def test_what_tools_print_stays_readable() -> None:
    """Keep line ends and tabs; replace what colours a terminal or reorders a line."""
    failed = GOOD | {"status": "failed", "files": [], "error": "a\tb\r\n\x1b[31mc\u202ed"}

    error = parse_manifest(json.dumps(failed).encode(), MANIFEST).error

    assert error == "a\tb\r\n\ufffd[31mc\ufffdd"


def test_very_long_error_is_shortened() -> None:
    """Cut it: an error message is not a log."""
    failed = GOOD | {"status": "failed", "files": [], "error": "x" * 20_000}

    error = parse_manifest(json.dumps(failed).encode(), MANIFEST).error

    assert error == "x" * 9_999 + "…"


def test_missing_manifest_is_refused(desk: Desk) -> None:
    """Name its address."""
    job = desk.job("phylo_run")

    result = desk.register(job, S3Uri(desk.s3.bucket, f"{desk.home(job)}manifest.json"))

    assert result.exit_code == 1
    assert f"{desk.home(job)}manifest.json does not exist" in result.stderr


def test_oversized_manifest_is_refused(desk: Desk) -> None:
    """Limit its size, because it is held in memory."""
    job = desk.job("phylo_run")
    manifest = desk.put(f"{desk.home(job)}manifest.json", b" " * (1 << 20) + b"{}")

    result = desk.register(job, manifest)

    assert result.exit_code == 1
    assert "is larger than 1048576 bytes" in result.stderr
