"""{prefix}/{country}/{group prefix}-{sample id}/{current year}, for samples without one."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from tests import factories

YEAR = date.today().year


def generated(
    conn: psycopg.Connection, group: int, pathogen: int, location: int
) -> tuple[object, ...] | None:
    """Return the public identifier generated for a sample with id 7."""
    return conn.execute(
        "select internal.generated_public_identifier(7, %s, %s, %s)", [group, pathogen, location]
    ).fetchone()


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        ("France", "hCoV-19/France/LAB-7"),
        ("Great Britain", "hCoV-19/GreatBritain/LAB-7"),
        ("Côte d'Ivoire", "hCoV-19/CtedIvoire/LAB-7"),
        ("日本", "hCoV-19/LAB-7"),
        (None, "hCoV-19/NorthAmerica/LAB-7"),
    ],
    ids=["plain", "with a space", "with accents", "nothing left", "a whole region"],
)
def test_country_is_reduced_to_plain_letters(
    admin: psycopg.Connection, country: str | None, expected: str
) -> None:
    """Use the region for a location without a country."""
    group = factories.group(admin, prefix="LAB")
    location = factories.location(admin, country, region="North America")

    found = generated(admin, group, factories.pathogen(admin), location)

    assert found == (f"{expected}/{YEAR}",)


@pytest.mark.parametrize(
    ("country", "expected"),
    [("K" * 128, f"{'K' * 117}/LAB-7"), ("日-Nord", "Nord/LAB-7")],
    ids=["too long", "begins like a formula"],
)
def test_identifier_is_a_valid_name(admin: psycopg.Connection, country: str, expected: str) -> None:
    """Shorten what would have more than 128 characters, because nobody chose this name."""
    group = factories.group(admin, prefix="LAB")
    pathogen = factories.pathogen(admin, "NEW", default_repository_id=None)

    found = generated(admin, group, pathogen, factories.location(admin, country))

    assert found == (f"{expected}/{YEAR}",)


def test_group_prefix_is_reduced_to_plain_letters(admin: psycopg.Connection) -> None:
    """Reduce it, because it is free text."""
    group = factories.group(admin, prefix="My Lab (1)")

    found = generated(admin, group, factories.pathogen(admin), factories.location(admin))

    assert found == (f"hCoV-19/France/MyLab1-7/{YEAR}",)


def test_prefix_is_that_of_the_default_repository(admin: psycopg.Connection) -> None:
    """Ignore the prefixes of the pathogen's other repositories."""
    genbank = factories.repository(admin, "GenBank")
    pathogen = factories.pathogen(admin, "SC2", default_repository_id=genbank)
    factories.strain_prefix(admin, pathogen, genbank, "SARS-CoV-2/human")

    found = generated(
        admin, factories.group(admin, prefix="LAB"), pathogen, factories.location(admin)
    )

    assert found == (f"SARS-CoV-2/human/France/LAB-7/{YEAR}",)


def test_pathogen_without_a_repository_has_no_prefix(admin: psycopg.Connection) -> None:
    """Begin the identifier with the country."""
    pathogen = factories.pathogen(admin, "NEW", default_repository_id=None)

    found = generated(
        admin, factories.group(admin, prefix="LAB"), pathogen, factories.location(admin)
    )

    assert found == (f"France/LAB-7/{YEAR}",)
