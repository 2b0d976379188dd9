"""`control load coordinates`: locations get the coordinates of a file, and none is guessed."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from control.cells import LONGEST_LINE_BYTES
from control.cli import cli
from tests import factories
from tests.servers import Database

CORDOBAS = (
    ("Europe", "Spain", "Córdoba"),
    ("South America", "Argentina", "Córdoba"),
    ("South America", "Colombia", "Córdoba"),
)


@dataclass(frozen=True)
class Atlas:
    """A database with locations, and a file with coordinates."""

    database: Database
    file: Path

    def place(self, *names: str, at: tuple[float, float] | None = None) -> int:
        """Create a location, from the region down."""
        columns = dict(zip(("region", "country", "division", "location"), names, strict=False))
        located = dict(zip(("latitude", "longitude"), at or (), strict=False))
        with self.database.connect() as conn:
            return factories.insert(conn, "locations", {**columns, **located})

    def run(self, *lines: str, options: tuple[str, ...] = ()) -> Result:
        """Write the file and load it."""
        self.file.write_text("".join(f"{line}\n" for line in lines))
        return self.load(*options)

    def load(self, *options: str) -> Result:
        """Run `control load coordinates`."""
        command = ["load", "coordinates", str(self.file), *options]
        return CliRunner().invoke(cli, command, env=self.database.environment)

    def located(self) -> dict[str, tuple[float, float]]:
        """Return the known coordinates by the names of the location."""
        with self.database.connect() as conn:
            rows = conn.execute(
                "select concat_ws('/', country, division, location, region), latitude, longitude"
                " from aspen.locations where latitude is not null"
            ).fetchall()
        return {name.rpartition("/")[0] or name: (north, east) for name, north, east in rows}


@pytest.fixture
def atlas(database: Database, tmp_path: Path) -> Atlas:
    """Return a database without locations."""
    return Atlas(database, tmp_path / "lat_longs.tsv")


def test_each_place_takes_the_line_of_its_own_level(atlas: Atlas) -> None:
    """Match level and name, whatever the case and Unicode form: a country is not a town."""
    atlas.place("Europe")
    atlas.place("Europe", "Luxembourg")
    atlas.place("Europe", "Luxembourg", "Luxembourg")
    atlas.place("Europe", "Luxembourg", "Luxembourg", "Luxembourg")
    atlas.place("Europe", "Switzerland", "Genève")

    result = atlas.run(
        "region\tEurope\t50\t10",
        "country\tLuxembourg\t49.8\t6.1",
        "",
        "# towns",
        "location\tLUXEMBOURG\t49.6\t 6.13",
        "division\tgene\u0300ve\t46.2\t6.1e0",
        "division\tZembla\t60\t60",
        "borough\tBronx\t40.8\t-73.9",
    )

    assert (result.exit_code, result.stdout) == (
        0,
        "set the coordinates of 4 locations: 1 regions, 1 countries, 1 divisions, 1 locations\n",
    )
    assert atlas.located() == {
        "Europe": (50, 10),
        "Luxembourg": (49.8, 6.1),
        "Luxembourg/Luxembourg/Luxembourg": (49.6, 6.13),
        "Switzerland/Genève": (46.2, 6.1),
    }
    assert result.stderr.splitlines() == [
        "1 locations without coordinates are missing from the file:"
        " division Luxembourg / Luxembourg",
        "1 lines of the file match no location",
        "1 lines of level 'borough' were not read",
    ]


def test_name_of_several_places_is_said_and_none_is_guessed(atlas: Atlas) -> None:
    """Report it, because the line does not tell which Córdoba it means."""
    for names in CORDOBAS:
        atlas.place(*names)

    result = atlas.run("division\tCórdoba\t37.9\t-4.8")

    assert (result.exit_code, atlas.located()) == (0, {})
    assert result.stderr == (
        "3 locations share their name with others; add their country to the file:"
        " division Argentina / Córdoba (line 1), division Colombia / Córdoba (line 1),"
        " division Spain / Córdoba (line 1)\n"
    )


def test_file_that_names_parents_tells_places_of_one_name_apart(atlas: Atlas) -> None:
    """Use a first line that names the columns; an empty parent matches any."""
    for names in CORDOBAS:
        atlas.place(*names)
    atlas.place("Europe", "Spain", "Córdoba", "Lucena")

    result = atlas.run(
        "level\tname\tcountry\tdivision\tlat\tlong",
        "division\tCórdoba\tspain\t\t37.9\t-4.8",
        "division\tCórdoba\tArgentina\t\t-31.4\t-64.2",
        "location\tLucena\t\tCórdoba\t37.4\t-4.5",
        "country\tSpain\tSpain\t\t40\t-4",
    )

    assert result.exit_code == 0
    assert atlas.located() == {
        "Spain/Córdoba": (37.9, -4.8),
        "Argentina/Córdoba": (-31.4, -64.2),
        "Spain/Córdoba/Lucena": (37.4, -4.5),
    }


def test_country_in_two_regions_is_one(atlas: Atlas) -> None:
    """Match both, because some count it to Europe and some to Asia."""
    atlas.place("Europe", "Georgia")
    atlas.place("Asia", "Georgia")

    atlas.run("country\tGeorgia\t42\t43.5")

    with atlas.database.connect() as conn:
        assert conn.execute("select latitude from aspen.locations").fetchall() == [(42,), (42,)]


def test_lines_that_contradict_each_other_are_said(atlas: Atlas) -> None:
    """Report contradictions; the same coordinates twice are none."""
    atlas.place("Europe", "Spain")
    atlas.place("Europe", "France")

    result = atlas.run(
        "country\tSpain\t40\t-4", "country\tspain\t41\t-4", *["country\tFrance\t46\t2"] * 2
    )

    assert atlas.located() == {"France": (46, 2)}
    assert result.stderr == (
        "1 locations have several different coordinates in the file: country Spain (line 1, 2)\n"
    )


def test_coordinates_that_are_there_stay_unless_told_otherwise(atlas: Atlas) -> None:
    """Keep them, because an operator may have corrected them."""
    atlas.place("Europe", "Spain", at=(1, 2))
    atlas.place("Europe", "France", at=(46, 2))
    lines = ("country\tSpain\t40\t-4", "country\tFrance\t46\t2")

    kept = atlas.run(*lines)
    before = atlas.located()
    replaced = atlas.run(*lines, options=("--replace",))

    assert kept.stderr == (
        "1 locations keep coordinates unlike the file's; --replace changes them:"
        " country Spain (line 1)\n"
    )
    assert [kept.stdout, replaced.stdout] == [
        "set the coordinates of 0 locations\n",
        "set the coordinates of 1 locations: 1 countries\n",
    ]
    assert (before["Spain"], atlas.located()["Spain"]) == ((1, 2), (40, -4))


def test_loading_again_changes_nothing_and_a_dry_run_nothing_at_all(atlas: Atlas) -> None:
    """Report in the dry run what the real one would."""
    atlas.place("Europe", "Spain")
    line = "country\tSpain\t40\t-4"

    tried = atlas.run(line, options=("--dry-run",))
    before = atlas.located()
    loaded, again = atlas.run(line), atlas.run(line)

    assert before == {}
    assert [tried.stdout, loaded.stdout, again.stdout] == [
        "would set the coordinates of 1 locations: 1 countries\n"
        "~ locations: Europe / Spain (latitude: None → 40, longitude: None → -4)\n",
        "set the coordinates of 1 locations: 1 countries\n",
        "set the coordinates of 0 locations\n",
    ]


def test_report_is_one_json_object(atlas: Atlas) -> None:
    """Print JSON for machines."""
    atlas.place("Europe", "Spain")
    atlas.place("Europe", "France")

    result = atlas.run("country\tSpain\t40\t-4", options=("--json",))

    assert json.loads(result.stdout) == {
        "set": {"region": 0, "country": 1, "division": 0, "location": 0},
        "kept": [],
        "ambiguous": [],
        "contradicted": [],
        "missing": ["country France"],
        "unused_lines": 0,
        "other_levels": {},
        "is_stored": True,
    }


def test_file_may_be_gzip_and_come_from_a_spreadsheet(atlas: Atlas) -> None:
    """Accept a byte-order mark and CRLF."""
    atlas.place("Europe", "Spain")
    text = "Level\tName\tLatitude\tLongitude\r\ncountry\tSpain\t40\t-4\r\n"
    atlas.file.write_bytes(gzip.compress(text.encode("utf-8-sig")))

    assert atlas.load().exit_code == 0
    assert atlas.located() == {"Spain": (40, -4)}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("country\tFrance\t90.1\t2", "latitude 90.1 is not between -90 and 90"),
        ("country\tFrance\t46\t-181", "longitude -181 is not between -180 and 180"),
        ("country\tFrance\t1e999\t2", "latitude 1e999 is not between -90 and 90"),
        ("country\tFrance\t46,5\t2", "latitude '46,5' is not a number"),
        ("country\tFrance\tnan\t2", "latitude 'nan' is not a number"),
        ("country\tFrance\t46\t", "longitude '' is not a number"),
        ("country\tFrance\t46° N\t2", "latitude '46° N' is not a number"),
        ("country\t\t46\t2", "the name is missing"),
        ("country\tFrance\t46", "has 3 columns instead of 4"),
        ("country France 46 2", "has 1 columns instead of 4"),
    ],
)
def test_bad_line_is_named_and_nothing_stored(atlas: Atlas, line: str, problem: str) -> None:
    """Store no good line either: the file is corrected and loaded as a whole."""
    atlas.place("Europe", "Spain")

    result = atlas.run("country\tSpain\t40\t-4", line)

    assert (result.exit_code, atlas.located()) == (1, {})
    assert f"{atlas.file}:2: {problem}\n" in result.stderr


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "has no coordinates"),
        (b"# nothing\n\n", "has no coordinates"),
        (b"country\tFran\xe7a\t46\t2\n", "line 1 is not UTF-8"),
        (b"x" * (LONGEST_LINE_BYTES + 1), "line 1 is longer than 1048576 bytes"),
        (b"level\tname\tlat\n", "line 1 names the columns level, name, lat"),
        (b"level\tname\tlat\tlong\tplanet\n", "line 1 names the columns"),
    ],
)
def test_file_that_is_none_is_refused(atlas: Atlas, content: bytes, complaint: str) -> None:
    """Say what the file should be."""
    atlas.file.write_bytes(content)

    result = atlas.load()

    assert result.exit_code == 1
    assert complaint in result.stderr
    assert "Remedy: " in result.stderr
