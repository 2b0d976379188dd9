"""Say how many genomes of which kind a tree is made of, as the samples of `augur subsample`.

`source` is `group` for the samples of the group and `context` for the data set; `focal` is `yes`
for what was chosen, which is always included. The sizes are those of CZ GEN EPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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


Sample = dict[str, object]


def plan(tree_type: str, rules: Rules, place: Place, chosen: int) -> dict[str, Sample]:
    """Return the samples to draw, by name."""
    if tree_type == "OVERVIEW":
        sizes = _overview(rules, place)
    elif tree_type == "TARGETED":
        sizes = _targeted(place, chosen)
    else:
        sizes = {"group": rules.alone}
    drawn: dict[str, Sample] = {"focal": {"query": "focal == 'yes'"}}
    for name, size in sizes.items():
        where = _where(name, place)
        if size > 0 and where is not None:
            drawn[name] = {"query": where, "max_sequences": size} | _spread(name)
    return drawn


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


def _where(name: str, place: Place) -> str | None:
    """Return which rows a sample is drawn from; None if the place has no such level."""
    context = "source == 'context' and focal != 'yes'"
    if name == "closest":
        return f"{context} and is_closest == 'yes'"
    if name == "group":
        return "source == 'group' and focal != 'yes'"
    if place.country is None:
        return context if name == "international" else None
    in_country = f"country == {_quoted(place.country)}"
    if name == "international":
        return f"{context} and not ({in_country})"
    if place.division is None:
        return f"{context} and {in_country}" if name == "country" else None
    in_division = f"division == {_quoted(place.division)}"
    if name == "country":
        return f"{context} and {in_country} and not ({in_division})"
    return f"{context} and {in_country} and {in_division}"


def _spread(name: str) -> Sample:
    """Return over what a sample is spread evenly; the closest are taken as they are."""
    if name == "closest":
        return {}
    by = {"group": GROUP_BY, "international": FAR_GROUP_BY}.get(name, CONTEXT_GROUP_BY)
    return {"group_by": by}


def _quoted(text: str) -> str:
    """Return a text as a string of a pandas query."""
    return repr(text)
