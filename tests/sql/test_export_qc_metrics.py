"""Quality metrics of chosen samples as TSV."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab
from tests.sql.downloads import call, file_of, headers_of, left_out, table_of

EXPORT = "export_qc_metrics"


def metrics_of(conn: psycopg.Connection, **arguments: Any) -> list[list[str]]:
    """Return headers and rows."""
    return table_of(file_of(conn, EXPORT, **arguments))


@pytest.fixture
def samples(admin: psycopg.Connection, lab: Lab) -> None:
    """Store an open sample, a private one and one without metrics."""
    raw = {"seqName": "7", "clade": "21L", "errors": "", "qc.overallScore": "3.5", "zeta": "z"}
    opened = factories.sample(admin, lab.group, "open")
    factories.qc_metric(admin, opened, raw_output=Jsonb(raw | {"alpha": "a"}))
    hidden = factories.sample(admin, lab.group, "hidden", is_private=True)
    factories.qc_metric(admin, hidden, raw_output=Jsonb({"clade": "22B"}), qc_score=1.25)
    factories.sample(admin, lab.group, "bare")


def test_columns_are_in_the_order_of_nextclade(request_as: RequestAs, samples: None) -> None:
    """Write those that any sample has, others by name at the end, and no cell of its own."""
    with request_as("member", sub="alice") as conn:
        rows = metrics_of(conn)
        headers = headers_of(conn)

    assert rows == [
        ["seqName", "clade", "qc.overallScore", "qc.overallStatus", "errors", "alpha", "zeta"],
        ["public-open", "21L", "3.5", "good", "", "a", "z"],
        ["public-hidden", "22B", "1.25", "good", "", "", ""],
    ]
    assert headers["Content-Type"] == "text/tab-separated-values; charset=utf-8"
    assert headers["Content-Disposition"].endswith('_qc_metrics.tsv"')
    assert headers["Samples-Left-Out"] == "1"


def test_sample_without_metrics_is_named(request_as: RequestAs, samples: None) -> None:
    """Tell it from one that nobody has."""
    wanted = ["open", "bare", "nobody's"]
    with request_as("member", sub="alice") as conn:
        rows = metrics_of(conn, samples=wanted, id_style="private")
        lacking = left_out(conn, samples=wanted, download=EXPORT)
        filtered = left_out(conn, download=EXPORT)

    assert [row[0] for row in rows[1:]] == ["open"]
    assert lacking == [("bare", "no_qc_metrics"), ("nobody's", "unknown")]
    assert filtered == [("public-bare", "no_qc_metrics")]


def test_viewer_gets_what_is_not_private(request_as: RequestAs, samples: None) -> None:
    """Name samples by their public identifiers, and no private one."""
    with request_as("member", sub="vic") as conn:
        rows = metrics_of(conn, id_style="private")
        asked = metrics_of(conn, samples=["public-hidden", "open"])

    assert [row[0] for row in rows[1:]] == ["public-open"]
    assert asked == [["seqName"]]


def test_stranger_gets_headers(request_as: RequestAs, samples: None, lab: Lab) -> None:
    """Answer as for a group that does not exist."""
    with request_as("member", sub="bob") as conn:
        assert metrics_of(conn, group_id=lab.group) == [["seqName"]]
        assert headers_of(conn)["Samples-Left-Out"] == "0"


def test_metrics_without_raw_output_have_what_is_known(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Fail for no row, as the API before this one did."""
    factories.qc_metric(admin, factories.sample(admin, lab.group, "a"))
    factories.qc_metric(admin, factories.sample(admin, lab.group, "b"), raw_output=Jsonb([1]))

    with request_as("member", sub="alice") as conn:
        rows = metrics_of(conn)

    assert rows[1:] == [["public-a", "", "good"], ["public-b", "", "good"]]


def test_what_tools_wrote_breaks_no_file(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Quote tabs, line ends and quotes, and show formulas; a negative number stays one."""
    values = {
        "clade": "=1+1",
        "warnings": 'a\tb\nc "d"',
        "errors": "@x",
        "alignmentScore": "-1.5e-05",
        "+1+cmd": "x",
    }
    factories.qc_metric(admin, factories.sample(admin, lab.group, "a"), raw_output=Jsonb(values))

    with request_as("member", sub="alice") as conn:
        names, row = metrics_of(conn)

    cells = dict(zip(names, row, strict=True))
    assert cells == {
        "seqName": "public-a",
        "clade": "'=1+1",
        "qc.overallScore": "",
        "qc.overallStatus": "good",
        "alignmentScore": "-1.5e-05",
        "warnings": 'a\tb\nc "d"',
        "errors": "'@x",
        "'+1+cmd": "x",
    }


def test_export_has_a_bound(admin: psycopg.Connection, request_as: RequestAs, lab: Lab) -> None:
    """Count the samples before a row is read."""
    factories.numbered_samples(admin, lab.group, 5001, None)
    admin.execute(
        "insert into aspen.sample_qc_metrics"
        " (group_id, sample_id, disclosed_at, qc_caller, qc_status, qc_software_version)"
        " select group_id, id, disclosed_at, 'NEXTCLADE', 'good', '3.0' from aspen.samples"
    )

    with request_as("member", sub="alice") as conn:
        answer = refusal_of(conn, *call(EXPORT, {}))

    assert answer == (413, "export_too_large", {"samples": 5001, "at_most": 5000})
