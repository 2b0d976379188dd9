"""Read Pango's alias_key.json: what the letters stand for with which a lineage begins."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from control.errors import ControlError
from control.reference.lineages import LineagesFile, read_text, refuse

PREFIX = re.compile("[A-Z]{1,16}")
# A recombinant may have a parent with all its descendants: B.1.617.2*.
STANDS_FOR = re.compile(r"[A-Z]{1,16}(?:\.[0-9]{1,9}){0,20}")
LONGEST_NAME = 128


def read_alias_key(path: Path) -> Mapping[str, str]:
    """Return what each prefix stands for, such as B.1.1.529 for BA.

    A root, such as B, and a recombinant, which has a list of parents, stand for nothing shorter.
    """
    try:
        entries: Any = json.loads(read_text(path))
        if not isinstance(entries, dict) or not entries:
            raise ValueError("it has no prefixes")
    except (ValueError, RecursionError) as error:
        raise ControlError(
            f"{path} is not an alias key in JSON", 'it must look like {"B": "", "BA": "B.1.1.529"}'
        ) from error
    refuse(
        path,
        [
            f"{path}: {prefix!r} stands for {value!r}, which is no lineage"
            for prefix, value in entries.items()
            if not (PREFIX.fullmatch(prefix) and _is_value(value))
        ],
        'it must look like {"B": "", "BA": "B.1.1.529", "XA": ["B.1.1.7", "B.1.177"]}',
    )
    key = {prefix: value for prefix, value in entries.items() if value and isinstance(value, str)}
    refuse(
        path,
        [
            f"{path}: {prefix!r} stands for itself"
            for prefix in key
            if _spelt_out(prefix, key) is None
        ],
        "a prefix stands for a lineage that begins with other letters",
    )
    return {prefix: str(_spelt_out(prefix, key)) for prefix in key}


def add_full_names(file: LineagesFile, key: Mapping[str, str]) -> LineagesFile:
    """Give each lineage that begins with a prefix its full name as alias: B.1.1.529.1 for BA.1."""
    aliases = dict(_full_names(file, key))
    known = {*file.lineages}
    return replace(
        file,
        aliases={name: of for name, of in aliases.items() if name not in known} | {**file.aliases},
    )


def _full_names(file: LineagesFile, key: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for lineage in file.lineages:
        prefix, dot, rest = lineage.partition(".")
        if prefix in key and len(name := f"{key[prefix]}{dot}{rest}") <= LONGEST_NAME:
            yield name, lineage


def _is_value(value: object) -> bool:
    """Return whether it is nothing, a lineage, or the list of the parents of a recombinant."""
    if isinstance(value, list):
        return all(
            isinstance(one, str) and STANDS_FOR.fullmatch(one.removesuffix("*")) for one in value
        )
    return isinstance(value, str) and (not value or STANDS_FOR.fullmatch(value) is not None)


def _spelt_out(prefix: str, key: Mapping[str, str]) -> str | None:
    """Return the lineage without any prefix of the key; None where that never ends."""
    name, seen = prefix, set[str]()
    while (first := name.partition(".")[0]) in key:
        if first in seen:
            return None
        seen.add(first)
        name = key[first] + name.removeprefix(first)
    return name
