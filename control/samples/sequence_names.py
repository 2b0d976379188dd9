"""Which sample a sequence is of, by the header that somebody or some repository gave it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import psycopg

from control.samples.fasta import Record


@dataclass(frozen=True)
class SequenceNames:
    """The strains that are looked for, and the prefixes by which repositories spell them."""

    strains: AbstractSet[str]
    prefixes: Collection[str]

    def strains_of(self, record: Record) -> list[str]:
        """The strain a header names; several if it could be each of them.

        The whole header, else its first word, else a part of it between "|", as GISAID joins name,
        accession and date; else that with or without a repository's prefix.
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
        """A name without its prefix, and with each (the rule of internal.identifier_spellings)."""
        own = [prefix for prefix in self.prefixes if name.lower().startswith(f"{prefix.lower()}/")]
        bare = name[len(max(own, key=len)) + 1 :] if own else name
        yield bare
        for prefix in self.prefixes:
            yield f"{prefix}/{bare}"


def read_prefixes(conn: psycopg.Connection, pathogen: str) -> list[str]:
    """The prefixes of a pathogen in all repositories."""
    rows = conn.execute(
        "select distinct repositories.prefix"
        " from aspen.pathogen_repositories as repositories"
        " inner join aspen.pathogens as pathogens on repositories.pathogen_id = pathogens.id"
        " where pathogens.slug = %s",
        [pathogen],
    )
    return [row[0] for row in rows]
