"""What no error may contain: values of another group, and names outside the schema api."""

from __future__ import annotations

import re
from functools import cache
from typing import LiteralString

import httpx
import psycopg

from tests.http.world import World

# A schema with a name after it, as in an SQL text; a host such as api.example is none.
QUALIFIED = re.compile(r"\b(?:aspen|authz|internal|control|pg_catalog)\.\w+")
# Here a name of one word is no word of a sentence.
TABLE = re.compile(r"\b(?:table|relation|view) \\?\"?(\w+)")
TABLES = """
select relname from pg_catalog.pg_class where relnamespace = 'aspen'::regnamespace
except select relname from pg_catalog.pg_class where relnamespace = 'api'::regnamespace
"""
# Constraints, indexes, triggers, policies and functions; relations and columns that api lacks. A
# name of one word, as `fail` and `jobs`, may be a word of a sentence.
NAMES = r"""
with hidden as (
    select conname as name from pg_catalog.pg_constraint where connamespace = 'aspen'::regnamespace
    union
    select tgname from pg_catalog.pg_trigger where not tgisinternal
    union
    select polname from pg_catalog.pg_policy
    union
    select proname from pg_catalog.pg_proc
    where pronamespace in ('authz'::regnamespace, 'internal'::regnamespace)
    union
    select relname from pg_catalog.pg_class
    where relnamespace in ('aspen'::regnamespace, 'internal'::regnamespace)
    union
    select attname from pg_catalog.pg_attribute
    inner join pg_catalog.pg_class on attrelid = pg_class.oid
    where relnamespace = 'aspen'::regnamespace and relkind in ('r', 'p') and attnum > 0
),
known as (
    select relname as name from pg_catalog.pg_class where relnamespace = 'api'::regnamespace
    union
    select attname from pg_catalog.pg_attribute
    inner join pg_catalog.pg_class on attrelid = pg_class.oid
    where relnamespace = 'api'::regnamespace
    union
    select proname from pg_catalog.pg_proc where pronamespace = 'api'::regnamespace
    union
    select unnest(proargnames) from pg_catalog.pg_proc where pronamespace = 'api'::regnamespace
)
select name from hidden where name like '%\_%' except select name from known
"""


def leaks(world: World, response: httpx.Response) -> list[str]:
    """Return what a refusal tells that its caller may not know."""
    if not response.is_client_error:
        return []
    found = hidden_names(world.api.database.url_of("postgres"), response.text)
    found += [value for value in foreign_values(world) if value in response.text]
    return sorted(found)


def foreign_values(world: World) -> list[str]:
    """Return the texts that only the other group has, and its people."""
    return [f"foreign-{world.name}", f"others-{world.name}", f"bob-{world.name}"]


def hidden_names(url: str, text: str) -> list[str]:
    """Return the names in a text that clients have no use for."""
    return [
        *QUALIFIED.findall(text),
        *_names(url, NAMES).intersection(re.findall(r"\w+", text)),
        *_names(url, TABLES).intersection(TABLE.findall(text)),
    ]


@cache
def _names(url: str, query: LiteralString) -> frozenset[str]:
    """Return names of the database."""
    with psycopg.connect(url) as conn:
        return frozenset(name for (name,) in conn.execute(query))
