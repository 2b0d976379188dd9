"""The memory of a registration does not grow with its files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import factories
from tests.control.outputs.desk import NEXTCLADE_HEADER, Desk, fasta, qc_row, table

# The length of a monkeypox genome: 300 of them are 60 MB.
GENOME = "ACGTN-WS" * 25_000
# wait4 would not do: its value begins with the peak of the parent process.
SAY_PEAK = (
    "import atexit, sys;"
    "atexit.register(lambda: print(open('/proc/self/status').read(), file=sys.stderr));"
)

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="peak memory is read from /proc"
)


def peak_memory(desk: Desk, genomes: int) -> float:
    """Return the peak memory in MiB of registering that many genomes in a process of its own."""
    first, last = add_samples(desk, genomes)
    job = desk.job("nextclade")
    desk.conn.execute(
        "insert into aspen.job_samples"
        " (group_id, job_id, sample_group_id, sample_id, public_identifier)"
        " select group_id, %s, group_id, id, public_identifier from aspen.samples"
        " where id between %s and %s",
        [job, first, last],
    )
    sample_ids = range(first, last + 1)
    alignment = fasta(*((sample_id, GENOME) for sample_id in sample_ids))
    manifest = desk.qc(job, table(NEXTCLADE_HEADER, *map(qc_row, sample_ids)), alignment)

    process = desk.start("register", job, manifest, prelude=SAY_PEAK)
    _, said = process.communicate()

    assert process.returncode == 0, said
    [kibibytes] = re.findall(r"VmHWM:\s+(\d+) kB", said)
    return int(kibibytes) / 1024


def add_samples(desk: Desk, count: int) -> tuple[int, int]:
    """Create samples with consecutive ids; return the first and the last."""
    factories.sample(desk.conn, desk.group_id)
    [found] = desk.rows(
        "with added as ("
        " insert into aspen.samples (group_id, pathogen_id, location_id, private_identifier,"
        " public_identifier, collection_date)"
        " select samples.group_id, pathogen_id, location_id, gen_random_uuid(),"
        " gen_random_uuid(), collection_date"
        " from (select * from aspen.samples limit 1) as samples, generate_series(1, %s)"
        " returning id) select min(id), max(id) from added",
        count,
    )
    first, last = found
    assert last - first == count - 1
    return int(first), int(last)


@pytest.mark.timeout(300)
def test_60_mb_of_alignment_take_no_more_memory_than_2_mb(desk: Desk) -> None:
    """Stream one record at a time from S3 into COPY."""
    small = peak_memory(desk, 10)

    large = peak_memory(desk, 300)

    assert desk.rows("select count(*) from aspen.aligned_sequences") == [310]
    assert large < small + 20, f"{small:.0f} MiB for 2 MB, {large:.0f} MiB for 60 MB"
