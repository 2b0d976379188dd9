"""How two databases differ, by pg-delta and by what it leaves out."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg

from control.errors import ControlError

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Difference:
    """Hold one thing that differs between a database and the one it is to become.

    `verb` is add, remove or set; `object` the kind and identity of what it is a part of; `of` what
    it comes and goes with.
    """

    id: str
    name: str
    object: tuple[str, str]
    of: tuple[str, ...]
    verb: str
    attribute: str | None


@dataclass(frozen=True)
class Action:
    """Hold one statement on the way from a database to another, and whether it loses data."""

    id: str
    sql: str
    verb: str
    loses: bool


@dataclass(frozen=True)
class Rename:
    """Hold what may be the same under another name; both are ids.

    `status` is unambiguous or ambiguous.
    """

    before: str
    after: str
    status: str


@dataclass(frozen=True)
class Comparison:
    """Hold how one database differs from another, and the statements that make it the same."""

    differences: tuple[Difference, ...]
    actions: tuple[Action, ...]
    renames: tuple[Rename, ...]


def schema_differences(left_url: str, right_url: str) -> list[str]:
    """Return a line per difference between two databases, none when they are the same.

    Bookkeeping of the control plane is left out. The URLs go through standard input, where no
    process list shows them.
    """
    return _run("diff.mjs", {"left": left_url, "right": right_url}).splitlines()


def compare_databases(
    urls: Mapping[str, str],
    pairs: Sequence[tuple[str, str]],
    renames: Sequence[tuple[str, str]] = (),
) -> list[Comparison]:
    """Compare databases by their names in `urls`, each pair from what is to what is to be.

    `renames` are ids before and after that are the same.
    """
    answer = _run("plan.mjs", {"databases": dict(urls), "pairs": pairs, "renames": renames})
    return [
        Comparison(
            tuple(
                Difference(**{**one, "object": tuple(one["object"]), "of": tuple(one["of"])})
                for one in found["differences"]
            ),
            tuple(Action(**one) for one in found["actions"]),
            tuple(Rename(**one) for one in found["renames"]),
        )
        for found in json.loads(answer)
    ]


def url_for_node(info: psycopg.ConnectionInfo) -> str:
    """Return the address of the server that answered, in the form that node reads.

    An address for libpq may name several servers, or be words: `host=db user=control`.
    """
    used = info.get_parameters()
    of_tls = {
        key: used[key] for key in ("sslmode", "sslrootcert", "sslcert", "sslkey") if key in used
    }
    query = {"host": info.host, "port": info.port, "user": info.user, "password": info.password}
    return (
        f"postgresql:///{quote(info.dbname, safe='')}?{urlencode(query | of_tls, quote_via=quote)}"
    )


def _run(script: str, given: Mapping[str, Any]) -> str:
    try:
        done = subprocess.run(
            ["node", str(_FOLDER / script)],
            input=json.dumps(given),
            capture_output=True,
            text=True,
        )
    except FileNotFoundError as error:
        raise ControlError(
            "node is not installed; the schema differ needs it", "install Node.js 20 or newer"
        ) from error
    if done.returncode != 0:
        raise ControlError(
            f"the databases could not be compared: {done.stderr.strip()}",
            "npm ci installs the schema differ; the databases must be reachable",
        )
    return done.stdout
