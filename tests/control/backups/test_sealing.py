"""What leaves the machine is opened by those who have the identity, and by nobody else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest
import zstandard
from click.testing import CliRunner

from control.backups.sealing import identities_of, new_identity, recipients_of, sealing, unseal
from control.cli import cli
from control.errors import ControlError
from control.settings import Settings, load_settings
from tests.servers import SETTINGS

# Random, so that it is as long when it is packed; four pieces of age.
PLAIN = b"hCoV-19/private-identifier" + bytes(zstandard.ZstdCompressor().compress(b"x")) * 13_000
PIECE = (1 << 16) + 16


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings with a key pair."""
    path = tmp_path_factory.mktemp("keys") / "backup.key"
    return replace(SETTINGS, backup_recipient=new_identity(path), backup_identity_file=f"{path}")


def sealed(plain: bytes, settings: Settings) -> bytes:
    """Return the sealed form of a text."""
    with sealing(io.BytesIO(plain), recipients_of(settings)) as file:
        return file.read()


def opened(data: bytes, settings: Settings) -> bytes:
    """Return what a sealed text holds."""
    plain = io.BytesIO()
    unseal(io.BytesIO(data), plain, identities_of(settings), "a file")
    return plain.getvalue()


def random_text(pieces: int) -> bytes:
    """Return a text that no compression makes shorter."""
    return os.urandom(pieces << 16)


def test_sealed_text_is_opened_with_the_identity(keys: Settings) -> None:
    """Return the same bytes, of which none were readable."""
    data = sealed(PLAIN, keys)

    assert opened(data, keys) == PLAIN
    assert b"hCoV-19" not in data


def test_other_programs_open_what_is_sealed(keys: Settings) -> None:
    """Write what `zstd | age` writes, so that nobody depends on this code after a disaster."""
    data = sealed(PLAIN, keys)

    packed = pyrage.decrypt(data, identities_of(keys))

    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed) == PLAIN


def body_of(data: bytes) -> int:
    """Return where the first piece begins: after the header and a nonce."""
    return data.index(b"\n", data.index(b"\n---") + 1) + 17


def flip(data: bytes) -> bytes:
    """Change one bit in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def swap(data: bytes) -> bytes:
    """Exchange two pieces."""
    start = body_of(data)
    first, second = start + PIECE, start + 2 * PIECE
    return data[:start] + data[first:second] + data[start:first] + data[second:]


def cut_between_pieces(data: bytes) -> bytes:
    """End after two whole pieces."""
    return data[: body_of(data) + 2 * PIECE]


def cut_within_a_piece(data: bytes) -> bytes:
    """End a little early."""
    return data[:-100]


def cut_in_the_header(data: bytes) -> bytes:
    """Keep a few bytes."""
    return data[:30]


@pytest.mark.parametrize(
    "damage", [flip, swap, cut_between_pieces, cut_within_a_piece, cut_in_the_header]
)
def test_change_of_a_sealed_text_is_found(keys: Settings, damage: Callable[[bytes], bytes]) -> None:
    """Open nothing that is not exactly what was sealed."""
    data = sealed(random_text(4), keys)
    assert opened(data, keys)

    with pytest.raises(ControlError, match="a file is damaged or cut off"):
        opened(damage(data), keys)


def test_another_identity_opens_nothing(keys: Settings, tmp_path: Path) -> None:
    """Say that the identity is the wrong one, not that the backup is damaged."""
    new_identity(tmp_path / "other")
    other = replace(keys, backup_identity_file=f"{tmp_path / 'other'}")

    with pytest.raises(ControlError, match="does not open a file"):
        opened(sealed(PLAIN, keys), other)


def test_either_of_two_identities_opens(keys: Settings, tmp_path: Path) -> None:
    """Seal for two public keys, so that one lost identity is no lost backup."""
    second = new_identity(tmp_path / "second")
    both = replace(keys, backup_recipient=f"{keys.backup_recipient} {second}")
    data = sealed(PLAIN, both)

    assert opened(data, keys) == PLAIN
    assert opened(data, replace(keys, backup_identity_file=f"{tmp_path / 'second'}")) == PLAIN


def test_identity_comes_from_the_environment_or_a_command(keys: Settings, tmp_path: Path) -> None:
    """Take it from where operators keep secrets, with the comments that age writes."""
    path = f"{keys.backup_identity_file}"
    without = replace(keys, backup_identity_file=None)
    data = sealed(PLAIN, keys)

    assert opened(data, replace(without, backup_identity=Path(path).read_text())) == PLAIN
    profiles = tmp_path / "aspen.toml"
    profiles.write_text(f'[production]\nbackup_identity_command = ["cat", "{path}"]\n')
    production = load_settings("production", {"ASPEN_CONFIG": str(profiles)})
    assert opened(data, production) == PLAIN


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "no identity to open them is set"),
        ({"backup_identity": "AGE-SECRET-KEY-1WRONG"}, "is no secret key of age"),
        ({"backup_identity": "# nothing else"}, "is empty"),
        ({"backup_identity_file": "/nonexistent"}, "cannot be read"),
    ],
)
def test_identity_that_is_missing_or_wrong_is_named(wrong: dict[str, str], said: str) -> None:
    """Say what to set, and print no key."""
    with pytest.raises(ControlError, match=said) as refusal:
        identities_of(replace(SETTINGS, **wrong))  # type: ignore[arg-type]

    assert "WRONG" not in f"{refusal.value.message} {refusal.value.remedy}"


@pytest.mark.parametrize("recipient", [None, " ", "age1wrong", "AGE-SECRET-KEY-1WRONG"])
def test_nothing_is_sealed_without_a_public_key(recipient: str | None) -> None:
    """Refuse, instead of sending what anybody can read; print no key given by mistake."""
    with pytest.raises(ControlError, match="backup_recipient is") as refusal:
        recipients_of(replace(SETTINGS, backup_recipient=recipient))

    assert "WRONG" not in f"{refusal.value.message} {refusal.value.remedy}"


def test_end_of_a_file_that_cannot_be_read_is_no_end(keys: Settings) -> None:
    """Fail, so that half a file never counts as whole."""
    with (
        open("/proc/self/mem", "rb") as unreadable,
        sealing(unreadable, recipients_of(keys)) as file,
        pytest.raises(OSError, match="Input/output error"),
    ):
        file.read()


def test_key_pair_is_made_once(tmp_path: Path) -> None:
    """Print the public key; let the owner alone read the file, and never write over one."""
    path = tmp_path / "backup.key"

    made = CliRunner().invoke(cli, ["db", "backup-key", f"{path}"])
    again = CliRunner().invoke(cli, ["db", "backup-key", f"{path}"])

    assert made.exit_code == 0 and made.output.startswith("age1")
    [identity] = identities_of(replace(SETTINGS, backup_identity_file=f"{path}"))
    assert f"{identity.to_public()}" == made.output.strip()
    assert path.stat().st_mode & 0o777 == 0o600
    assert (again.exit_code, "exists already" in again.output) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ["backup", "S3://vault/nightly/1"],
        ["backup", "s3:/vault/nightly/1"],
        ["backup", "gs://vault/nightly/1"],
        ["archive", "s3://vault/aspen"],
        ["restore", "here", "--into", "s3://vault/aspen"],
    ],
    ids=" ".join,
)
def test_address_is_no_name_of_a_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    """Refuse it, instead of leaving here, for anybody to read, what was to be sent away."""
    monkeypatch.chdir(tmp_path)

    refused = CliRunner().invoke(cli, ["db", *command])

    assert (refused.exit_code, [*tmp_path.iterdir()]) == (2, [])
    assert "is no directory of this machine" in refused.output


MEASURE = r"""
import re, sys
from dataclasses import replace
from control.backups.sealing import recipients_of, sealing
from tests.servers import SETTINGS
settings = replace(SETTINGS, backup_recipient=sys.argv[1])
with open(sys.argv[2], "rb") as plain, sealing(plain, recipients_of(settings)) as sealed:
    while sealed.read(1 << 20):
        pass
# Not that of getrusage, in which the memory of the parent counts.
print(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""


def test_large_file_needs_no_more_memory(keys: Settings, tmp_path: Path) -> None:
    """Seal 40 MB in the memory of 4 MB."""

    def peak(megabytes: int) -> int:
        path = tmp_path / f"{megabytes}"
        path.write_bytes(random_text(1) * (16 * megabytes))
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, f"{keys.backup_recipient}", path],
            cwd=SETTINGS.root,
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    assert peak(40) - peak(4) < 8 * 1024
