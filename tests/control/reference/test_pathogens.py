"""`control load pathogens`: the rows every installation starts with, and operators may change."""

from __future__ import annotations

from click.testing import CliRunner

from control.cli import cli
from tests.servers import Database

LOADED = """
    select
        pathogens.slug,
        defaults.name,
        string_agg(prefixes.prefix, ' ' order by repositories.name)
    from aspen.pathogens
    join aspen.public_repositories as defaults on defaults.id = pathogens.default_repository_id
    join aspen.pathogen_repositories as prefixes on prefixes.pathogen_id = pathogens.id
    join aspen.public_repositories as repositories
        on repositories.id = prefixes.public_repository_id
    group by pathogens.slug, defaults.name
    order by pathogens.slug
"""


def load(database: Database, *options: str) -> str:
    """Run the command and return its output."""
    result = CliRunner().invoke(cli, ["load", "pathogens", *options], env=database.environment)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_load_pathogens_adds_them_with_their_repositories(database: Database) -> None:
    """Add nothing the second time."""
    tried, *changes = load(database, "--dry-run").splitlines()
    said = [load(database), load(database)]

    with database.connect() as conn:
        rows = conn.execute(LOADED).fetchall()
    assert (tried, changes[2], len(changes)) == ("would add 24 rows", "+ pathogens: SC2", 24)
    assert said == ["added 24 rows\n", "added 0 rows\n"]
    assert rows == [
        ("HCV", "GenBank", "hcv"),
        ("MPX", "GenBank", "MPXV"),
        ("SC2", "GISAID", "hCoV-19 SARS-CoV-2/human"),
    ]


def test_load_pathogens_leaves_what_operators_changed(database: Database) -> None:
    """Add only the missing rows."""
    load(database)
    with database.connect() as conn:
        conn.execute("update aspen.pathogens set name = 'COVID-19' where slug = 'SC2'")
        conn.execute("delete from aspen.pathogen_repositories where prefix = 'hCoV-19'")
        conn.execute("delete from aspen.pathogens where slug = 'HCV'")

    assert load(database) == "added 3 rows\n"

    with database.connect() as conn:
        names = conn.execute("select name from aspen.pathogens order by slug").fetchall()
    assert names == [("Hepatitis C",), ("Monkeypox",), ("COVID-19",)]
