"""Read what a job submits: a manifest.json beside its files, or files that an operator names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from control.outputs.addresses import check_address, is_plain, owner_of
from control.outputs.formats.json_values import MalformedJson, read_json
from control.outputs.kinds import file_kinds, job_kind, job_kinds
from control.outputs.malformed import UNPRINTABLE, Malformed, unprintable
from control.storage.s3 import S3Uri, open_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MANIFEST_NAME = "manifest.json"
LARGEST_MANIFEST_BYTES = 1 << 20
LONGEST_ERROR = 10_000

_MEMBERS = {
    "kind": True,
    "attempt": True,
    "status": True,
    "error": False,
    "software_versions": False,
    "files": False,
    "resolved_template_args": False,
    # For whoever reads the manifest; nothing is done with it, so nothing is wrong with any.
    "traceparent": False,
}
_FILE_MEMBERS = {"kind": True, "key": True, "size": False, "etag": False, "sha256": False}


@dataclass(frozen=True)
class NamedFile:
    """A file as it was named; None values were not stated and are not compared."""

    kind: str
    uri: S3Uri
    size: int | None = None
    etag: str | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Submission:
    """What is to be registered.

    `kind` and `attempt` are None when an operator names the files; `error` is set when the job
    failed.
    """

    source: str
    files: tuple[NamedFile, ...]
    kind: str | None = None
    attempt: int | None = None
    error: str | None = None
    software_versions: Mapping[str, str] = field(default_factory=dict)
    resolved_template_args: Mapping[str, object] | None = None


def read_manifest(s3: S3Client, uri: S3Uri, job_id: int) -> Submission:
    """Fetch and check the manifest of a job; a folder means the manifest.json in it."""
    if uri.key.endswith("/"):
        uri = uri.sibling(MANIFEST_NAME)
    check_address(uri, job_id)
    return parse_manifest(fetch_manifest(s3, uri), uri)


def fetch_manifest(s3: S3Client, uri: S3Uri) -> bytes:
    """Return the bytes of a manifest, however large the object is."""
    with open_object(s3, uri) as body:
        content = body.read(LARGEST_MANIFEST_BYTES + 1)
    if len(content) > LARGEST_MANIFEST_BYTES:
        raise Malformed(str(uri), None, f"is larger than {LARGEST_MANIFEST_BYTES} bytes")
    return content


def parse_manifest(content: bytes, uri: S3Uri) -> Submission:
    """Return the content of a manifest, or reject it with all its problems at once."""
    try:
        document = read_json(content)
    except MalformedJson as error:
        raise Malformed(str(uri), error.position, error.reason) from error
    reader = _Reader(uri)
    submission = reader.manifest(document)
    if reader.problems:
        raise Malformed(str(uri), None, "is not a manifest:\n  " + "\n  ".join(reader.problems))
    return submission


class _Reader:
    """Reads the members of a manifest and collects their problems."""

    def __init__(self, uri: S3Uri) -> None:
        self.problems: list[str] = []
        self._uri = uri
        self._folder = uri.sibling("").key

    def manifest(self, document: Any) -> Submission:
        if not self._has_members(document, "", _MEMBERS):
            return Submission(str(self._uri), ())
        kind = self._one_of(document.get("kind"), "kind", tuple(job_kinds()))
        status = self._one_of(document.get("status"), "status", ("succeeded", "failed"))
        files = self._files(document.get("files"))
        if kind and status == "succeeded":
            self.problems += missing_files(kind, [file.kind for file in files])
        return Submission(
            source=str(self._uri),
            files=files if status == "succeeded" else (),
            kind=kind,
            attempt=self._count(document.get("attempt"), "attempt", at_least=1),
            error=self._error(document.get("error"), status),
            software_versions=self._versions(document.get("software_versions")),
            resolved_template_args=self._object(
                document.get("resolved_template_args"), "resolved_template_args"
            ),
        )

    def _files(self, files: Any) -> tuple[NamedFile, ...]:
        if files is None:
            return ()
        if not isinstance(files, list):
            self.problems.append("files: must be a list")
            return ()
        read = [self._file(file, f"files[{index}]") for index, file in enumerate(files)]
        return tuple(file for file in read if file is not None)

    def _file(self, file: Any, name: str) -> NamedFile | None:
        if not self._has_members(file, name, _FILE_MEMBERS):
            return None
        kind = self._one_of(file.get("kind"), f"{name}.kind", file_kinds())
        uri = self._place(file.get("key"), f"{name}.key")
        size = file.get("size")
        etag = self._text(file.get("etag"), f"{name}.etag")
        sha256 = self._text(file.get("sha256"), f"{name}.sha256")
        if sha256 is not None and not re.fullmatch("[0-9a-fA-F]{64}", sha256):
            self.problems.append(f"{name}.sha256: must be 64 hexadecimal digits")
        if kind is None or uri is None:
            return None
        return NamedFile(
            kind,
            uri,
            None if size is None else self._count(size, f"{name}.size", at_least=0),
            None if etag is None else etag.strip('"'),
            None if sha256 is None else sha256.lower(),
        )

    def _place(self, key: Any, name: str) -> S3Uri | None:
        """Return the address of a key below the manifest's folder; reject any other key."""
        text = self._text(key, name)
        if text is None:
            if key is None:
                self.problems.append(f"{name}: is missing")
            return None
        relative = text.removeprefix(self._folder)
        if not is_plain(relative):
            self.problems.append(f"{name}: {text!r} is not the key of an object below the manifest")
            return None
        if (owner := owner_of(relative)) is not None:
            self.problems.append(f"{name}: {text!r} is job {owner}'s, not below the manifest")
            return None
        return S3Uri(self._uri.bucket, self._folder + relative)

    def _error(self, error: Any, status: str | None) -> str | None:
        text = self._text(error, "error")
        if status == "failed" and error is None:
            self.problems.append("error: must say why the job failed")
        if status == "succeeded" and error is not None:
            self.problems.append("error: must be null when status is succeeded")
        if text is None:
            return None
        text = UNPRINTABLE.sub(_shown, text)
        return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"

    def _versions(self, versions: Any) -> Mapping[str, str]:
        found = self._object(versions, "software_versions") or {}
        for name, version in found.items():
            if not isinstance(version, str) or not version or not name:
                self.problems.append(f"software_versions.{name}: must be a non-empty string")
            elif problem := unprintable(name) or unprintable(version):
                self.problems.append(f"software_versions: one is {problem}")
        return {name: str(version) for name, version in found.items()}

    def _has_members(self, value: Any, name: str, members: Mapping[str, bool]) -> bool:
        """Return whether a value is an object, and record unknown and missing members."""
        if not isinstance(value, dict):
            self.problems.append(f"{name or 'the document'}: must be an object")
            return False
        prefix = f"{name}." if name else ""
        self.problems += [f"{prefix}{key}: is unknown" for key in value if key not in members]
        self.problems += [
            f"{prefix}{key}: is missing"
            for key, is_required in members.items()
            if is_required and key not in value
        ]
        return True

    def _one_of(self, value: Any, name: str, allowed: tuple[str, ...]) -> str | None:
        if value is None or value not in allowed:
            if value is not None:
                self.problems.append(f"{name}: must be one of {', '.join(allowed)}")
            return None
        return str(value)

    def _count(self, value: Any, name: str, *, at_least: int) -> int | None:
        # bool is an int in Python, but not in JSON.
        if isinstance(value, int) and not isinstance(value, bool) and value >= at_least:
            return value
        if value is not None:
            self.problems.append(f"{name}: must be a whole number from {at_least}")
        return None

    def _text(self, value: Any, name: str) -> str | None:
        if value is None:
            return None
        if isinstance(value, str) and value:
            return value
        self.problems.append(f"{name}: must be a non-empty string")
        return None

    def _object(self, value: Any, name: str) -> dict[str, Any] | None:
        if value is None or isinstance(value, dict):
            return value
        self.problems.append(f"{name}: must be an object")
        return None


def _shown(found: re.Match[str]) -> str:
    """Replace a character that the database rejects; line ends and tabs are kept."""
    return found[0] if found[0] in "\t\n\r" else "\ufffd"


def missing_files(job: str, given: list[str]) -> list[str]:
    """Return the problems of a job's list of files: each kind must be there once, and no other.

    Optional ones may be missing.
    """
    wanted = job_kind(job)
    return (
        [f"files: {kind} is missing" for kind in wanted.files if kind not in given]
        + [f"files: {kind} is named twice" for kind in sorted(set(given)) if given.count(kind) > 1]
        + [f"files: a {job} has no {kind}" for kind in sorted({*given} - {*wanted.all_files})]
    )
