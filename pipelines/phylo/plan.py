"""Say how many genomes of which kind a tree is made of, as the samples of `augur subsample`.

`source` is `group` for the samples of the group and `context` for the data set; `focal` is `yes`
for what was chosen, which is always included. The sizes are those of CZ GEN EPI.

Augur fails where a sample of its plan matches nothing, and guesses types where a query names a
place. So which genomes a part has is decided here, and written to a column of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

# How finely a data set can be divided around the place of the tree.
LEVELS = ("country", "division", "location")
# From so many chosen samples on, the context grows with them.
MANY_CHOSEN = 100
GROUP_BY = ["year", "month"]
CONTEXT_GROUP_BY = ["division", "year", "month"]
FAR_GROUP_BY = ["country", "year", "month"]


@dataclass(frozen=True)
class Rules:
    """What differs between pathogens."""

    layout: str = "ncov"
    prefix: str = ""
    slash: str = "/"
    # Consensus programs fill both ends with N, which an aligner would take for bases.
    is_trimmed: bool = False
    # Nextclade has aligned the genomes to the reference that the repository aligns to.
    is_aligned: bool = False
    # Shorter genomes of a data set are left out.
    min_length: int = 0
    clock_rate: float | None = None
    root: str | None = None
    overview: tuple[int, int, int, int] = (2000, 500, 400, 100)
    alone: int = 2000


RULES: Mapping[str, Rules] = {
    "SC2": Rules(prefix="hCoV-19/", is_trimmed=True, clock_rate=0.0008, root="Wuhan/Hu-1/2019"),
    "MPX": Rules(
        layout="genbank",
        slash="_",
        is_aligned=True,
        min_length=100_000,
        overview=(500, 300, 300, 300),
        alone=1000,
    ),
}


@dataclass(frozen=True)
class Place:
    """Where the tree is looked at from; a group without a place has none of the parts."""

    country: str | None = None
    division: str | None = None
    location: str | None = None

    @property
    def level(self) -> str | None:
        """Return the finest part that is known."""
        known = [level for level in LEVELS if getattr(self, level)]
        return known[-1] if known else None


Row = Mapping[str, str]


@dataclass(frozen=True)
class Part:
    """Genomes of one kind, of which `size` are drawn, or all."""

    # Columns and what they must be, or must not be.
    equal: Row
    unequal: Row = field(default_factory=dict)
    size: int | None = None
    group_by: Sequence[str] = ()

    def has(self, row: Row) -> bool:
        """Tell whether a row of the metadata belongs to it."""
        return all(row.get(column, "") == value for column, value in self.equal.items()) and all(
            row.get(column, "") != value for column, value in self.unequal.items()
        )

    def sample(self, name: str) -> dict[str, object]:
        """Return it as Augur is told."""
        drawn: dict[str, object] = {"query": f"{column_of(name)} == 'yes'"}
        if self.size is not None:
            drawn["max_sequences"] = self.size
        if self.group_by:
            drawn["group_by"] = list(self.group_by)
        return drawn


def column_of(name: str) -> str:
    """Return the column that says which rows a part has."""
    return f"in_{name}"


def plan(tree_type: str, rules: Rules, place: Place, chosen: int) -> dict[str, Part]:
    """Return the parts of a tree, by name."""
    if tree_type == "OVERVIEW":
        sizes = _overview(rules, place)
    elif tree_type == "TARGETED":
        sizes = _targeted(place, chosen)
    else:
        sizes = {"group": rules.alone}
    parts = {"focal": Part({"focal": "yes"})}
    for name, size in sizes.items():
        part = _part(name, place, size)
        if size > 0 and part is not None:
            parts[name] = part
    return parts


def needs_context(tree_type: str) -> bool:
    """Tell whether a tree is built among sequences of a data set."""
    return tree_type != "NON_CONTEXTUALIZED"


def closest_count(tree_type: str, chosen: int) -> int:
    """Return how many of the sequences most similar to the chosen samples are wanted."""
    if tree_type != "TARGETED":
        return 0
    return chosen if chosen >= MANY_CHOSEN else 100


def _overview(rules: Rules, place: Place) -> dict[str, int]:
    group, state, country, international = rules.overview
    if rules.overview == Rules.overview:
        # Where there are fewer levels around the place, the outer ones are larger.
        if place.level == "division":
            country, international = 800, 200
        elif place.level == "country":
            international = 1000
    return {"group": group, "state": state, "country": country, "international": international}


def _targeted(place: Place, chosen: int) -> dict[str, int]:
    near, far = 50, 25
    if chosen >= MANY_CHOSEN:
        near, far = chosen // 4 * 2, chosen // 4
    international = far if place.level == "location" else max(100, far)
    return {
        "closest": closest_count("TARGETED", chosen),
        "group": near,
        "state": near,
        "country": far,
        "international": international,
    }


def _part(name: str, place: Place, size: int) -> Part | None:
    """Return which rows a part is drawn from; None if the place has no such level."""
    group, context = {"source": "group"}, {"source": "context"}
    unchosen = {"focal": "yes"}
    country, division = place.country, place.division
    match name:
        case "closest":
            return Part(context | {"is_closest": "yes"}, unchosen, size)
        case "group":
            return Part(group, unchosen, size, GROUP_BY)
        case "international":
            abroad = unchosen if country is None else unchosen | {"country": country}
            return Part(context, abroad, size, FAR_GROUP_BY)
        case "country" if country is not None:
            around = unchosen if division is None else unchosen | {"division": division}
            return Part(context | {"country": country}, around, size, CONTEXT_GROUP_BY)
        case "state" if country is not None and division is not None:
            here = context | {"country": country, "division": division}
            return Part(here, unchosen, size, CONTEXT_GROUP_BY)
    return None
