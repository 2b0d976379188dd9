"""Data sets of repositories: everybody reads them, and the latest of each kind is known."""

from __future__ import annotations

import psycopg

from tests import factories
from tests.conftest import RequestAs
from tests.refusals import refusal_of
from tests.sql.conftest import Lab

LATEST = "select id from internal.latest_aligned(%s, %s)"


def test_latest_is_the_newest_of_pathogen_repository_and_stage(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Ignore one of another pathogen, repository or stage."""
    mpox = factories.pathogen(admin, "MPX")
    old = factories.repository_data(admin)
    new = factories.repository_data(admin)
    raw = factories.repository_data(admin, stage="raw")
    of_mpox = factories.repository_data(admin, pathogen_id=mpox)
    of_gisaid = factories.repository_data(
        admin, public_repository_id=factories.repository(admin, "GISAID")
    )

    with request_as("member", sub="vic") as conn:
        found = conn.execute("select id, is_latest::boolean from api.repository_data").fetchall()

    assert dict(found) == {old: False, new: True, raw: True, of_mpox: True, of_gisaid: True}
    assert admin.execute(
        LATEST, [lab.pathogen, factories.repository(admin, "GenBank")]
    ).fetchall() == [(new,)]
    assert admin.execute(LATEST, [mpox, factories.repository(admin, "GISAID")]).fetchall() == []


def test_nobody_writes_data_sets(
    admin: psycopg.Connection, request_as: RequestAs, lab: Lab
) -> None:
    """Allow it not even to operators; the control plane registers them."""
    factories.user(admin, "olga", is_operator=True)
    data_set = factories.repository_data(admin)
    for role, subject in (("member", "alice"), ("operator", "olga")):
        with request_as(role, sub=subject) as conn:
            refused = refusal_of(conn, "delete from api.repository_data where id = %s", [data_set])
            assert refused == "42501"
