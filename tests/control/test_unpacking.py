"""Files of jobs may be compressed; a bomb or a damaged file is rejected with its reason."""

from __future__ import annotations

import gzip
import io
import lzma
import tracemalloc
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from control import unpacking
from control.errors import ControlError
from control.outputs.formats import auspice
from control.unpacking import Damaged, unpacked
from tests.control.outputs.desk import (
    NEXTCLADE_HEADER,
    PANGOLIN_HEADER,
    TAG,
    Desk,
    dataset,
    fasta,
    lineage_row,
    qc_row,
    table,
    tip,
)

Pack = Callable[[bytes], bytes]
PACKERS: dict[str, Pack] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "xz": lzma.compress,
}
every_packer = pytest.mark.parametrize("pack", PACKERS.values(), ids=PACKERS)


def read(packed: bytes) -> bytes:
    """Return the content of a file."""
    return unpacked(io.BufferedReader(io.BytesIO(packed)), "a file").read()


@every_packer
@given(parts=st.lists(st.binary(max_size=3000), min_size=1, max_size=3), zeros=st.integers(0, 3))
def test_content_is_what_was_packed(pack: Pack, parts: list[bytes], zeros: int) -> None:
    """Read every frame of the file, and no zeros behind them."""
    packed = b"".join(map(pack, parts))

    assert read(packed + b"\0" * zeros) == b"".join(parts)


@pytest.mark.parametrize("content", [b"", b"\x1f", b"taxon,lineage\n"])
def test_plain_file_is_read_as_it_is(content: bytes) -> None:
    """Look at the first bytes only."""
    assert read(content) == content


@every_packer
@given(share=st.floats(0.1, 0.99))
def test_truncated_file_is_refused(pack: Pack, share: float) -> None:
    """Take no part for the whole."""
    packed = pack(b"taxon,lineage\n" * 50)
    with pytest.raises(Damaged, match="ends too early"):
        read(packed[: max(8, int(len(packed) * share))])


@every_packer
def test_damaged_file_is_refused(pack: Pack) -> None:
    """Compare the checksums of the format."""
    packed = bytearray(pack(bytes(range(256)) * 20))
    packed[len(packed) // 2] ^= 0xFF
    packed[-6] ^= 0xFF
    with pytest.raises(Damaged, match=r"compressed, and (damaged|ends too early)"):
        read(bytes(packed))


@every_packer
def test_what_follows_the_last_frame_is_refused(pack: Pack) -> None:
    """Do not leave out what cannot be read."""
    with pytest.raises(Damaged, match="is compressed, and damaged"):
        read(pack(b"taxon") + b"taxon" * 5)


@every_packer
def test_bomb_is_refused_within_little_memory(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop at the limit; 64 MiB of zeros are never in memory."""
    packed = pack(bytes(64 << 20))
    monkeypatch.setattr(unpacking, "LARGEST_CONTENT_BYTES", 63 << 20)
    content = unpacked(io.BufferedReader(io.BytesIO(packed)), "a file")
    tracemalloc.start()

    with pytest.raises(Damaged, match="unpacks to more than"):
        while content.read(1 << 20):
            pass

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20


def test_frame_that_needs_much_memory_is_refused() -> None:
    """Reject a window of 256 MiB, which a few bytes may ask for."""
    options = zstandard.ZstdCompressionParameters(window_log=28, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=options).compressobj()
    packed = packer.compress(b"taxon") + packer.flush()

    with pytest.raises(Damaged, match="is compressed, and damaged"):
        read(packed)


@every_packer
def test_every_kind_of_job_may_send_compressed_files(draft: Desk, pack: Pack) -> None:
    """Store what the plain files would have stored."""
    [sample] = draft.samples(1)
    run, lineage, quality = (
        draft.job(kind, [sample]) for kind in ("phylo_run", "pangolin", "nextclade")
    )

    draft.store(run, draft.tree(run, pack(dataset(tip("a"), tip("b")).encode())))
    draft.store(
        lineage, draft.report(lineage, pack(table(PANGOLIN_HEADER, lineage_row(sample)).encode()))
    )
    draft.store(
        quality,
        draft.qc(
            quality,
            pack(b"\xef\xbb\xbf" + table(NEXTCLADE_HEADER, qc_row(sample)).encode()),
            pack(fasta((sample, "ACGT")).encode()),
            pack(TAG.encode()),
        ),
    )

    assert draft.rows("select tip_count from aspen.phylo_trees") == [2]
    assert draft.rows("select lineage from aspen.sample_lineages") == ["BA.2"]
    assert draft.rows("select qc_score::float from aspen.sample_qc_metrics") == [12.5]
    assert draft.rows("select sequence from aspen.aligned_sequences") == ["ACGT"]


def test_file_that_is_compressed_twice_is_refused(draft: Desk) -> None:
    """Say so, rather than that it is not UTF-8."""
    [sample] = draft.samples(1)
    job = draft.job("pangolin", [sample])
    twice = gzip.compress(gzip.compress(b"taxon"))

    with pytest.raises(ControlError, match="is compressed twice"):
        draft.store(job, draft.report(job, twice))


def test_tree_that_unpacks_to_too_much_is_refused(
    draft: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hold the content to the limit, not the size of the object."""
    job = draft.job("phylo_run")
    monkeypatch.setattr(auspice, "LARGEST_DATASET_BYTES", 1 << 20)
    bomb = zstandard.ZstdCompressor().compress(b" " * (2 << 20))

    with pytest.raises(ControlError, match="is larger than 1048576 bytes"):
        draft.store(job, draft.tree(job, bomb))
