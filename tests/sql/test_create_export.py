"""Members ask for files of the samples of a group, however many there are."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

CALL = "select kind, status, requested_by_id from api.create_export(%s, 'SC2', {})"


def test_export_is_queued_with_its_choice(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Keep what was asked for with the job."""
    factories.sample(admin, lab.group, "a")

    with request_as("member", sub="alice") as conn:
        job = conn.execute(
            CALL.format("'samples', 'ndjson', collected_from => '2024-01-01'").encode(),
            [lab.group],
        ).fetchall()
        conn.execute("reset role")
        [(arguments,)] = conn.execute("select arguments from aspen.jobs").fetchall()

    assert job == [("export", "queued", lab.alice)]
    assert (arguments["resource"], arguments["format"]) == ("samples", "ndjson")
    assert arguments["choice"]["group_id"] == lab.group
    assert arguments["choice"]["collected_from"] == "2024-01-01"


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ("'jobs'", ["resource"]),
        ("null, null", ["resource", "format"]),
        ("'samples', 'xml'", ["format"]),
        ("'samples', 'fasta'", ["format"]),
        ("'samples', 'csv', collected_to => 'soon'", ["collected_to"]),
        ("'samples', 'csv', samples => '[1]', lineages => '[\"B\"]'", ["samples", "lineages"]),
    ],
)
def test_wrong_export_is_rejected(
    request_as: RequestAs, lab: Lab, arguments: str, fields: list[str]
) -> None:
    """Name what is wrong, before anything is queued."""
    with request_as("member", sub="alice") as conn:
        refused: Any = refusal_of(conn, CALL.format(arguments), [lab.group])

    assert refused[:2] == (400, "invalid_argument")
    assert [problem["field"] for problem in refused[2]] == fields


@pytest.mark.parametrize("subject", ["vic", "bob"])
def test_viewer_and_stranger_export_nothing(request_as: RequestAs, lab: Lab, subject: str) -> None:
    """Answer as if the group did not exist."""
    with request_as("member", sub=subject) as conn:
        refused = refusal_of(conn, CALL.format("'samples'"), [lab.group])

    assert refused == (403, "group_access_denied", {"group_id": lab.group})
