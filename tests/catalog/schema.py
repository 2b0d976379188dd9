"""Read the tables of a database from its catalogue, for the pages that describe them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

# The column of the view of the same name says it where the table does not.
_COLUMNS = """
select
    tables.relname,
    columns.attname,
    format_type(columns.atttypid, columns.atttypmod),
    not columns.attnotnull,
    case
        when columns.attidentity <> '' then 'identity'
        when columns.attgenerated <> '' then 'computed: '
        else ''
    end
    || coalesce(pg_get_expr(defaults.adbin, defaults.adrelid), ''),
    coalesce(
        col_description(tables.oid, columns.attnum),
        (
            select col_description(views.attrelid, views.attnum)
            from pg_catalog.pg_attribute as views
            where views.attrelid = to_regclass('api.' || quote_ident(tables.relname))
                and views.attname = columns.attname
        ),
        ''
    )
from pg_catalog.pg_class as tables
inner join pg_catalog.pg_attribute as columns
    on tables.oid = columns.attrelid and columns.attnum > 0 and not columns.attisdropped
left join pg_catalog.pg_attrdef as defaults
    on columns.attrelid = defaults.adrelid and columns.attnum = defaults.adnum
where tables.relnamespace = 'aspen'::regnamespace and tables.relkind in ('r', 'p')
    and not tables.relispartition
order by tables.relname, columns.attnum
"""
_TABLES = """
select tables.relname, coalesce(obj_description(tables.oid, 'pg_class'), '')
from pg_catalog.pg_class as tables
where tables.relnamespace = 'aspen'::regnamespace and tables.relkind in ('r', 'p')
    and not tables.relispartition
order by tables.relname collate "C"
"""
_RULES = """
select tables.relname, rules.conname, rules.contype::text, pg_get_constraintdef(rules.oid, true)
from pg_catalog.pg_constraint as rules
inner join pg_catalog.pg_class as tables on rules.conrelid = tables.oid
where tables.relnamespace = 'aspen'::regnamespace and rules.contype in ('p', 'u', 'c', 'x')
order by tables.relname, strpos('puxc', rules.contype::text), rules.conname collate "C"
"""
_REFERENCES = """
select
    tables.relname,
    (
        select array_agg(columns.attname::text order by keys.position)
        from unnest(rules.conkey) with ordinality as keys (attnum, position)
        inner join pg_catalog.pg_attribute as columns
            on rules.conrelid = columns.attrelid and keys.attnum = columns.attnum
    ),
    targets.relname,
    case rules.confdeltype
        when 'a' then 'is refused' when 'r' then 'is refused' when 'c' then 'deletes the row'
        when 'n' then 'empties it' else 'sets the default'
    end
from pg_catalog.pg_constraint as rules
inner join pg_catalog.pg_class as tables on rules.conrelid = tables.oid
inner join pg_catalog.pg_class as targets on rules.confrelid = targets.oid
where tables.relnamespace = 'aspen'::regnamespace and rules.contype = 'f'
order by tables.relname, rules.conname collate "C"
"""
_INDEXES = """
select tables.relname, pg_get_indexdef(indexes.indexrelid)
from pg_catalog.pg_index as indexes
inner join pg_catalog.pg_class as tables on indexes.indrelid = tables.oid
inner join pg_catalog.pg_class as names on indexes.indexrelid = names.oid
where tables.relnamespace = 'aspen'::regnamespace
    and not exists (
        select from pg_catalog.pg_constraint as rules
        where rules.conindid = indexes.indexrelid and rules.contype in ('p', 'u', 'x')
    )
order by tables.relname, names.relname collate "C"
"""
_DOMAINS = """
select
    domains.typname,
    format_type(domains.typbasetype, domains.typtypmod),
    coalesce(obj_description(domains.oid, 'pg_type'), '')
from pg_catalog.pg_type as domains
where domains.typnamespace = 'aspen'::regnamespace and domains.typtype = 'd'
order by domains.typname collate "C"
"""


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    type: str
    is_nullable: bool
    default: str
    comment: str


@dataclass(frozen=True)
class Reference:
    """One foreign key: the columns that refer to a row of another table."""

    columns: tuple[str, ...]
    target: str
    on_delete: str


@dataclass(frozen=True)
class Table:
    """One table of schema aspen."""

    name: str
    comment: str
    columns: tuple[Column, ...]
    # The definitions of primary key, unique keys and exclusions; and the names of the checks.
    keys: tuple[str, ...]
    checks: tuple[str, ...]
    references: tuple[Reference, ...]
    indexes: tuple[str, ...]

    @property
    def is_of_a_group(self) -> bool:
        """Return whether its rows belong to a group."""
        return any(column.name == "group_id" for column in self.columns)


@dataclass(frozen=True)
class Domain:
    """A type of ours."""

    name: str
    base: str
    comment: str


def read_tables(conn: psycopg.Connection) -> list[Table]:
    """Read every table of schema aspen, by name."""
    columns = conn.execute(_COLUMNS.encode()).fetchall()
    rules = conn.execute(_RULES.encode()).fetchall()
    references = conn.execute(_REFERENCES.encode()).fetchall()
    indexes = conn.execute(_INDEXES.encode()).fetchall()
    return [
        Table(
            name=name,
            comment=comment,
            columns=tuple(Column(*rest) for of, *rest in columns if of == name),
            keys=tuple(text for of, _, kind, text in rules if of == name and kind != "c"),
            checks=tuple(rule for of, rule, kind, _ in rules if of == name and kind == "c"),
            references=tuple(
                Reference(tuple(names), target, on_delete)
                for of, names, target, on_delete in references
                if of == name
            ),
            indexes=tuple(text for of, text in indexes if of == name),
        )
        for name, comment in conn.execute(_TABLES.encode()).fetchall()
    ]


def read_domains(conn: psycopg.Connection) -> list[Domain]:
    """Read the domains of schema aspen, by name."""
    return [Domain(*row) for row in conn.execute(_DOMAINS.encode()).fetchall()]
