"""Invent an outbreak: genomes evolve along a tree, the same way every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from control.reference.locations import Location

GENOME_LENGTH = 3_000
# The root has the first lineage; clades of such a size start the others.
LINEAGES = ("B.1", "B.1.1", "B.1.2")
CLADE_SIZES = range(8, 20)


def _location(*names: str) -> Location:
    return Location("North America", *names)


HOME = _location("USA", "California", "Alameda County")
# Latitude and longitude, also of countries and divisions, because trees are coloured by distance.
LOCATIONS: dict[Location, tuple[float, float]] = {
    _location("USA"): (39.8, -98.6),
    _location("USA", "California"): (36.78, -119.42),
    HOME: (37.65, -121.92),
    _location("USA", "California", "San Francisco County"): (37.78, -122.42),
    _location("USA", "California", "Los Angeles County"): (34.05, -118.24),
    _location("USA", "Oregon"): (43.8, -120.55),
    _location("USA", "Oregon", "Multnomah County"): (45.55, -122.42),
    _location("Canada"): (56.13, -106.35),
    _location("Canada", "British Columbia"): (53.73, -127.65),
    _location("Canada", "British Columbia", "Vancouver"): (49.28, -123.12),
    _location("Mexico"): (23.63, -102.55),
    _location("Mexico", "Baja California"): (30.84, -115.28),
    _location("Mexico", "Baja California", "Tijuana"): (32.51, -117.04),
}


@dataclass(frozen=True)
class Story:
    """The parameters in which one outbreak differs from another."""

    seed: int
    samples: int
    started_on: date
    # Strains are named COUNTRY/PREFIX-001/YEAR.
    prefix: str
    # The laboratory's own numbers of its samples.
    number: str
    first_number: int
    numbers_apart: int


DEMO = Story(20210104, 60, date(2021, 1, 4), "DEMO-BAY", "BAY-{}", 4007, 7)
SAMPLE_COUNT = DEMO.samples


@dataclass(frozen=True)
class DemoSample:
    """A tip of the tree, as its laboratory knows it."""

    private_identifier: str
    strain: str
    is_private: bool
    lineage: str
    genome: str
    # All mutations since the root, such as "A123G".
    mutations: tuple[str, ...]


@dataclass
class Node:
    """A node of the tree: an ancestor, or a tip with its sample."""

    name: str
    date: date
    location: Location
    mutations: list[str]
    divergence: int
    children: list[Node] = field(default_factory=list)
    sample: DemoSample | None = None


def outbreak(story: Story = DEMO) -> Node:
    """Return the root of the tree."""
    return _Evolution(story).root


def tips(node: Node) -> Iterator[tuple[Node, DemoSample]]:
    """Yield the tips below a node, with their samples."""
    if node.sample is not None:
        yield node, node.sample
    for child in node.children:
        yield from tips(child)


class _Evolution:
    """Splits the tips at random until each is alone, while dates and genomes change."""

    def __init__(self, story: Story) -> None:
        self.story = story
        # Not for secrets: the same numbers every time are intended.
        self.random = random.Random(story.seed)
        self.new_lineages = list(LINEAGES[1:])
        self.sampled = 0
        self.nodes = 0
        genome = self.random.choices("ACGT", k=GENOME_LENGTH)
        self.root = self.grow(story.samples, story.started_on, HOME, genome, (), LINEAGES[0])

    def grow(
        self,
        size: int,
        day: date,
        location: Location,
        genome: list[str],
        inherited: tuple[str, ...],
        lineage: str,
    ) -> Node:
        """Return a node with this many tips below it."""
        day += timedelta(days=self.random.randint(2, 12))
        if self.random.random() < 0.25:
            location = self.random.choice([one for one in LOCATIONS if one.location])
        is_root = not inherited and size == self.story.samples
        genome, mutations = self.mutate(genome, 0 if is_root else 2)
        if lineage == LINEAGES[0] and size in CLADE_SIZES and self.new_lineages:
            lineage = self.new_lineages.pop(0)
        acquired = (*inherited, *mutations)
        if size == 1:
            sample = self.sample(day, location, genome, acquired, lineage)
            return Node(sample.strain, day, location, mutations, len(acquired), sample=sample)

        node = Node(f"NODE_{self.nodes:07}", day, location, mutations, len(acquired))
        self.nodes += 1
        first = self.random.randint(1, size - 1)
        node.children = [
            self.grow(part, day, location, genome, acquired, lineage)
            for part in (first, size - first)
        ]
        return node

    def mutate(self, genome: list[str], most: int) -> tuple[list[str], list[str]]:
        """Return a copy with a few bases changed, and the mutations."""
        changed = genome.copy()
        mutations = []
        for index in sorted(self.random.sample(range(GENOME_LENGTH), self.random.randint(0, most))):
            changed[index] = self.random.choice([base for base in "ACGT" if base != genome[index]])
            mutations.append(f"{genome[index]}{index + 1}{changed[index]}")
        return changed, mutations

    def sample(
        self,
        day: date,
        location: Location,
        genome: list[str],
        mutations: tuple[str, ...],
        lineage: str,
    ) -> DemoSample:
        """Create the next sample; some genomes have gaps in coverage, some samples are private."""
        self.sampled += 1
        read = genome.copy()
        missing = self.random.choice((0, 0, 0, 20, 150, 400))
        start = self.random.randrange(GENOME_LENGTH - missing)
        read[start : start + missing] = "N" * missing
        story = self.story
        number = story.first_number + story.numbers_apart * (self.sampled - 1)
        return DemoSample(
            private_identifier=story.number.format(number),
            strain=f"{location.country}/{story.prefix}-{self.sampled:03}/{day.year}",
            is_private=self.sampled % 15 == 0,
            lineage=lineage,
            genome="".join(read),
            mutations=mutations,
        )
