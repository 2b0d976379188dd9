"""FASTA of sequences: each record has the public identifier of its sample."""

from __future__ import annotations

import psycopg

from tests import factories
from tests.conftest import RequestAs
from tests.sql.conftest import Lab

FASTA = "select api.sequences_fasta(sequences order by sequences.id) from api.sequences"


def test_sequences_are_written_in_the_order_given(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Write one line per sequence, private samples included.

    A caller who sees one sees the other.
    """
    for name, is_private, text in (("a", False, "ACGT" * 250), ("b", True, "N" * 1000)):
        sample = factories.sample(
            admin, lab.group, public_identifier=f"hCoV-19/{name}", is_private=is_private
        )
        factories.sequence(admin, sample, text)
    with request_as("member", sub="alice") as conn:
        found = conn.execute(FASTA).fetchone()

    assert found == (f">hCoV-19/a\n{'ACGT' * 250}\n>hCoV-19/b\n{'N' * 1000}\n",)


def test_no_sequences_are_an_empty_text(request_as: RequestAs, lab: Lab) -> None:
    """Return an empty text, because PostgREST would not serve null."""
    with request_as("member", sub="alice") as conn:
        assert conn.execute(FASTA).fetchone() == ("",)


def test_viewer_reads_no_sequence(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Return no sequences to a viewer, who sees the samples."""
    factories.sequence(admin, factories.sample(admin, lab.group))
    with request_as("member", sub="vic") as conn:
        assert conn.execute(FASTA).fetchone() == ("",)
