"""Files that clients download."""

from __future__ import annotations

import re

import pytest

from tests import factories
from tests.factories import GENOME
from tests.http.world import World, refusal, rows

EXPORT = "/rpc/export_sequences"


def test_export_is_a_fasta_file(world: World) -> None:
    """Say its type, its name and how many samples it lacks."""
    wanted = [f"open-{world.name}", "nobody's"]

    response = world.alice.post(
        EXPORT, json={"pathogen": "SC2", "samples": wanted, "repository": "GISAID"}
    )

    assert response.status_code == 200
    assert response.text == f">hCoV-19/public-open-{world.name}\n{GENOME}\n"
    assert response.headers["Content-Type"] == "text/x-fasta; charset=utf-8"
    assert response.headers["Samples-Left-Out"] == "1"
    assert re.fullmatch(
        r'attachment; filename="\d{8}_GISAID_sequences\.fasta"',
        response.headers["Content-Disposition"],
    )


def test_export_can_be_a_link(world: World) -> None:
    """Answer GET with a list as PostgREST writes one."""
    response = world.alice.get(
        EXPORT, params={"pathogen": "SC2", "samples": f"{{hidden-{world.name}}}"}
    )

    assert response.text == f">public-hidden-{world.name}\n{GENOME}\n"


def test_export_has_more_than_a_page(world: World) -> None:
    """Return more records than a list may have."""
    group = factories.group(world.conn)
    factories.membership(world.conn, group, world.users["alice"])
    factories.numbered_samples(world.conn, group, 1001, GENOME)

    response = world.alice.get(f"{EXPORT}?pathogen=SC2&group_id={group}")

    assert response.text.count(">") == 1001


def test_stranger_exports_nothing(world: World) -> None:
    """Return an empty file, as for a group that does not exist."""
    response = world.bob.get(f"{EXPORT}?pathogen=SC2&group_id={world.group}")

    assert (response.status_code, response.text) == (200, "")
    assert response.headers["Samples-Left-Out"] == "0"


def test_left_out_samples_are_listed(world: World) -> None:
    """Return identifier and reason."""
    response = world.alice.post(
        "/rpc/samples_left_out",
        json={"pathogen": "SC2", "samples": [f"open-{world.name}", "nobody's"]},
    )

    assert rows(response) == [{"identifier": "nobody's", "reason": "unknown"}]


def test_template_is_a_csv_file(world: World) -> None:
    """Write two rows of headers, then one row for each sample, each ending with CR and LF."""
    world.conn.execute(
        "update aspen.groups set address = 'Rua 1, Porto' where id = %s", [world.group]
    )
    world.conn.execute(
        "update aspen.samples set authors = array['Ann \"A\" Lee', 'שרה'] where id = %s",
        [world.open],
    )
    world.alice.patch("/me", json={"gisaid_submitter_id": f"me-{world.name}"})

    response = world.alice.post(
        "/rpc/submission_template",
        json={"pathogen": "SC2", "repository": "GISAID", "samples": [f"open-{world.name}"]},
    )

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Samples-Left-Out"] == "0"
    assert re.fullmatch(
        r'attachment; filename="\d{8}_GISAID_metadata\.csv"',
        response.headers["Content-Disposition"],
    )
    *lines, last = response.text.split("\r\n")
    assert (len(lines), last) == (3, "")
    assert lines[2].startswith(f"me-{world.name},")
    assert lines[2].endswith(',"Rua 1, Porto",,"Ann ""A"" Lee, שרה"')


def test_template_lists_what_is_missing(world: World) -> None:
    """Name sample and column, in the shape of every error."""
    response = world.alice.get(
        f"/rpc/submission_template?pathogen=SC2&repository=GISAID&group_id={world.group}"
    )

    assert refusal(response) == (400, "incomplete_samples")
    assert "covv_authors" in response.text


def test_metrics_are_a_tsv_file(world: World) -> None:
    """Write what Nextclade wrote, with the name of the sample."""
    response = world.alice.get(
        "/rpc/export_qc_metrics", params={"pathogen": "SC2", "group_id": world.group}
    )

    assert response.text == (
        "seqName\tclade\tqc.overallScore\tqc.overallStatus\r\n"
        f"public-open-{world.name}\t21L\t\tgood\r\n"
        f"public-hidden-{world.name}\t21L\t\tgood\r\n"
    )
    assert response.headers["Content-Type"] == "text/tab-separated-values; charset=utf-8"


def test_tips_are_a_tsv_file(world: World) -> None:
    """Name them as the tree does for this caller."""
    ours = world.alice.get(f"/rpc/phylo_tree_samples?id={world.tree}")
    theirs = world.vic.get(f"/rpc/phylo_tree_samples?id={world.tree}")

    assert ours.text == (
        "Sample Identifier\tSelected\tAccession\r\n"
        f"open-{world.name}\tno\t\r\nhidden-{world.name}\tno\t\r\na published strain\tno\t\r\n"
    )
    assert f"\npublic-hidden-{world.name}\t\t\r\n" in theirs.text
    assert ours.headers["Content-Type"] == "text/tab-separated-values; charset=utf-8"
    assert ours.headers["Content-Disposition"] == (
        f'attachment; filename="{world.tree}_sample_ids.tsv"'
    )
    assert "Samples-Left-Out" not in ours.headers


FILES = {
    "export_sequences": "pathogen=SC2",
    "submission_template": "pathogen=SC2&repository=GISAID",
    "export_qc_metrics": "pathogen=SC2",
    "phylo_tree_samples": "id=1",
    "samples_left_out": "pathogen=SC2",
}


@pytest.mark.parametrize(("function", "query"), FILES.items())
def test_download_needs_a_token(world: World, function: str, query: str) -> None:
    """Answer 401."""
    assert refusal(world.nobody.get(f"/rpc/{function}?{query}")) == (401, "42501")
