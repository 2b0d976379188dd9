"""Objects match what the manifest says, or nothing is registered."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import Any

import pytest

from control.outputs.manifest import NamedFile, Submission
from control.outputs.register import register_outputs
from control.storage.s3 import S3Uri, make_client
from tests.control.outputs.desk import Desk, dataset, tip
from tests.names import unique

TREE = dataset(tip("a"))
SHA256 = hashlib.sha256(TREE.encode()).hexdigest()
MD5 = hashlib.md5(TREE.encode(), usedforsecurity=False).hexdigest()


def test_object_as_stated_is_registered_with_its_checksum(draft: Desk) -> None:
    """Compare and store size, ETag and SHA-256."""
    job = draft.job("phylo_run")
    stated = {"size": len(TREE), "etag": f'"{MD5}"', "sha256": SHA256.upper()}

    draft.store(job, stating(draft, job, stated))

    assert draft.rows(
        "select size_bytes, etag, checksum_sha256, version_id from aspen.job_outputs"
    ) == [(len(TREE), MD5, SHA256, None)]


@pytest.mark.parametrize(
    ("stated", "complaint"),
    [
        ({"size": 5}, f"has {len(TREE)} bytes, not 5 as stated"),
        ({"etag": "0f"}, f"has ETag {MD5}, not 0f as stated"),
        ({"sha256": "0" * 64}, f"has SHA-256 {SHA256}, not {'0' * 64} as stated"),
    ],
    ids=["size", "etag", "sha256"],
)
def test_object_other_than_stated_is_refused(
    draft: Desk, stated: dict[str, Any], complaint: str
) -> None:
    """Reject an object that was replaced or cut off during the upload."""
    job = draft.job("phylo_run")
    manifest = stating(draft, job, stated)

    refusal = draft.refusal(partial(draft.store, job, manifest))

    assert refusal == f"s3://{draft.s3.bucket}/{draft.home(job)}auspice_json {complaint}"


def stating(draft: Desk, job: int, stated: dict[str, Any]) -> S3Uri:
    """Submit the manifest of a run that says this of its tree."""
    files = [{"kind": "auspice_json", "key": "auspice_json"} | stated]
    return draft.tree(job, TREE, files=files)


def test_missing_object_is_refused(draft: Desk) -> None:
    """Name its address."""
    job = draft.job("phylo_run")
    missing = S3Uri(draft.s3.bucket, f"{draft.folder}/not there.json")

    refusal = draft.refusal(partial(draft.register_tree, job, missing))

    assert refusal == f"{missing} does not exist"


def test_missing_bucket_is_refused(draft: Desk) -> None:
    """Name the bucket."""
    job = draft.job("phylo_run")

    refusal = draft.refusal(partial(draft.register_tree, job, S3Uri("no-such-bucket", "tree.json")))

    assert refusal == "s3://no-such-bucket/tree.json does not exist"


@pytest.mark.parametrize("replacement", [dataset(tip("b")), None], ids=["replaced", "deleted"])
def test_object_replaced_while_it_is_registered_is_refused(
    draft: Desk, replacement: str | None
) -> None:
    """Read exactly what was verified."""
    job = draft.job("phylo_run")
    file = draft.put(f"{draft.folder}/tree.json", TREE)
    client = make_client(draft.s3.settings)
    # Replaced between the HEAD and the GET, by another client.
    client.meta.events.register(
        "before-call.s3.GetObject", lambda **_: replace(draft, file, replacement)
    )
    submission = Submission("the files named", (NamedFile("auspice_json", file),))

    refusal = draft.refusal(partial(register_outputs, draft.conn, client, job, submission))

    assert refusal == f"{file} was replaced or deleted since it was looked up"


def replace(draft: Desk, file: S3Uri, content: str | None) -> None:
    """Replace an object, or delete it."""
    draft.s3.client.delete_object(Bucket=file.bucket, Key=file.key)
    if content is not None:
        draft.put(file.key, content)


def test_version_of_an_object_is_kept_where_the_bucket_has_versions(draft: Desk) -> None:
    """Read the verified version, even if a newer one arrives."""
    bucket = f"versioned-{unique(32)}"
    client = draft.s3.client
    client.create_bucket(Bucket=bucket)
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = client.put_object(Bucket=bucket, Key="tree.json", Body=TREE.encode())["VersionId"]
    job = draft.job("phylo_run")

    draft.register_tree(job, S3Uri(bucket, "tree.json"))

    assert draft.rows("select bucket, version_id from aspen.job_outputs") == [(bucket, version)]


@pytest.mark.parametrize("name", ["a tree.json", "ü/☃.json", "a+b&c=d?.json", "100%25.json"])
def test_any_key_can_be_registered(draft: Desk, name: str) -> None:
    """Accept spaces, signs and other alphabets."""
    job = draft.job("phylo_run")
    file = draft.put(f"{draft.folder}/{name}", TREE)

    draft.register_tree(job, file)

    assert draft.rows("select key from aspen.job_outputs") == [file.key]


def test_unreachable_s3_is_a_failure_with_a_remedy(desk: Desk) -> None:
    """Register nothing that was not seen."""
    job = desk.job("phylo_run")
    manifest = desk.tree(job, TREE)
    unreachable = {"ASPEN_S3_ENDPOINT_URL": "http://127.0.0.1:9"}

    result = desk.register(job, manifest, environment=unreachable)

    assert result.exit_code == 1
    assert "no S3 server answers at" in result.stderr


def test_bucket_that_keeps_no_versions_is_named(draft: Desk) -> None:
    """Tell the operator that a link serves whatever is stored there later."""
    job = draft.job("phylo_run")

    done = draft.store(job, draft.tree(job, TREE))

    assert draft.rows("select version_id from aspen.job_outputs") == [None]
    assert done.summary()[0] == (
        "auspice_json: no version; a link serves whatever is stored there later"
    )
