"""`control usher link`: an address at which UShER places chosen samples."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from control.cli import cli
from tests import factories
from tests.control.samples.importer import Importer


def link(importer: Importer, *options: str, names: str = "1\n") -> Result:
    """Run the command."""
    path = importer.folder / "chosen.csv"
    path.write_text("private_identifier\n" + names)
    given = ["usher", "link", "--group", str(importer.group_id), "--user", "alice"]
    environment = importer.database.environment | {"ASPEN_API_URL": "https://api.example.org"}
    return CliRunner().invoke(cli, [*given, "--samples", str(path), *options], env=environment)


@pytest.fixture
def lab(importer: Importer) -> Importer:
    """Return a group with a sample, a private one, and two trees of UShER."""
    with importer.database.connect() as conn:
        for number in (1, 2):
            sample = factories.sample(conn, importer.group_id, str(number), is_private=number == 2)
            factories.sequence(conn, sample)
        for value, priority in (("all.pb", 2), ("public.pb", 1)):
            factories.usher_option(conn, factories.pathogen(conn), value, priority)
    return importer


@pytest.mark.parametrize(("options", "tree"), [((), "public.pb"), (("--tree", "all.pb"), "all.pb")])
def test_link_names_tree_and_shared_sequences(
    lab: Importer, options: tuple[str, ...], tree: str
) -> None:
    """Take the tree that is shown first, unless another is wanted; share one link."""
    result = link(lab, *options)

    asked = parse_qs(urlsplit(result.stdout.strip()).query)
    assert (asked["db"], asked["phyloPlaceTree"], asked["subtreeSize"]) == (
        ["wuhCor1"],
        [tree],
        ["50"],
    )
    assert asked["remoteFile"][0].startswith("https://api.example.org/")
    assert lab.query("select count(*) from aspen.share_links") == [(1,)]


@pytest.mark.parametrize(
    ("options", "names", "reason"),
    [
        ((), "2\n", "private_samples"),
        ((), "x\n", "unknown_samples"),
        (("--tree", "no.pb"), "1\n", "use one of public.pb, all.pb"),
        (("--pathogen", "MPX"), "1\n", "UShER places no sequences of MPX"),
    ],
)
def test_samples_that_cannot_be_placed_are_refused(
    lab: Importer, options: tuple[str, ...], names: str, reason: str
) -> None:
    """Share nothing."""
    result = link(lab, *options, names=names)

    assert (result.exit_code, lab.query("select from aspen.share_links")) == (1, [])
    assert reason in result.stderr


def test_dry_run_of_a_link_shares_nothing(lab: Importer) -> None:
    """Check the samples only."""
    result = link(lab, "--dry-run")

    assert result.stdout == "would share 1 samples with UShER\n"
    assert lab.query("select from aspen.share_links") == []
