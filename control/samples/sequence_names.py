"""Find the sample of a sequence by its header, as laboratories and repositories write it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import psycopg

from control.samples.fasta import Record


@dataclass(frozen=True)
class SequenceNames:
    """The strains to find, and the prefixes that repositories put before them."""

    strains: AbstractSet[str]
    prefixes: Collection[str]

    def strains_of(self, record: Record) -> list[str]:
        """Return the strain that a header names; several if it is ambiguous.

        Tried in order: the whole header, its first word, a part between "|" (GISAID joins name,
        accession and date), and such a part with or without a repository's prefix.
        """
        if record.header in self.strains:
            return [record.header]
        if record.name in self.strains:
            return [record.name]
        parts = [part.strip() for text in (record.header, record.name) for part in text.split("|")]
        exact = [part for part in parts if part in self.strains]
        spelled = exact or [
            spelling
            for part in parts
            for spelling in self._spellings(part)
            if spelling in self.strains
        ]
        return list(dict.fromkeys(spelled))

    def _spellings(self, name: str) -> Iterator[str]:
        """Yield a name without and with each prefix (as internal.identifier_spellings does)."""
        bare = without_prefix(name, self.prefixes)
        yield bare
        for prefix in self.prefixes:
            yield f"{prefix}/{bare}"


def without_prefix(name: str, prefixes: Collection[str]) -> str:
    """Return a name without the longest of these prefixes that it has, however that is written."""
    own = [prefix for prefix in prefixes if name.lower().startswith(f"{prefix.lower()}/")]
    return name[len(max(own, key=len)) + 1 :] if own else name


def read_prefixes(conn: psycopg.Connection, pathogen: str) -> list[str]:
    """Return the prefixes of a pathogen in all repositories."""
    rows = conn.execute(
        "select distinct repositories.prefix"
        " from aspen.pathogen_repositories as repositories"
        " inner join aspen.pathogens as pathogens on repositories.pathogen_id = pathogens.id"
        " where pathogens.slug = %s",
        [pathogen],
    )
    return [row[0] for row in rows]
