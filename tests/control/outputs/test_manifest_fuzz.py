"""Any bytes submitted as a manifest give a sentence and never a traceback."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from control.errors import ControlError
from control.outputs.manifest import Submission, parse_manifest
from control.storage.s3 import S3Uri

URI = S3Uri("aspen", "jobs/42/1/manifest.json")
members = st.sampled_from(
    [
        "kind",
        "attempt",
        "status",
        "files",
        "error",
        "software_versions",
        "resolved_template_args",
        "key",
        "size",
        "etag",
        "sha256",
    ]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["phylo_run", "succeeded", "failed", "auspice_json", "jobs/1/1/x", "../x"]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(members, inside, max_size=5),
    max_leaves=15,
)
short = settings(max_examples=80)


@short
@given(st.binary() | values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"kind":' * 20_000)
@example(b'{"attempt": ' + b"9" * 5_000 + b"}")
@example(b'{"files": [{"key": "jobs/' + b"9" * 5_000 + b'/1/x"}]}')
@example(b'{"kind": ["phylo_run"], "status": {}}')
def test_any_bytes_as_a_manifest(content: bytes) -> None:
    """Return a submission, or the reason for rejecting it."""
    with suppress(ControlError):
        assert isinstance(parse_manifest(content, URI), Submission)
