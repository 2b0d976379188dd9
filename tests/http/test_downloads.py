"""Files that clients download."""

from __future__ import annotations

import re

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


def test_export_needs_a_token(world: World) -> None:
    """Answer 401."""
    assert refusal(world.nobody.get(f"{EXPORT}?pathogen=SC2")) == (401, "42501")


def test_left_out_samples_are_listed(world: World) -> None:
    """Return identifier and reason."""
    response = world.alice.post(
        "/rpc/samples_left_out",
        json={"pathogen": "SC2", "samples": [f"open-{world.name}", "nobody's"]},
    )

    assert rows(response) == [{"identifier": "nobody's", "reason": "unknown"}]
