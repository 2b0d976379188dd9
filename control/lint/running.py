"""Ask every rule, and say of each finding what is wrong, where, and how to put it right."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from control.errors import ControlError
from control.lint import functions, plans
from control.lint.places import Place, Places
from control.lint.rules import LEVELS, CatalogueRule, Rule, catalogue_rules

NOT_CHECKED = (
    "the bodies of functions were not checked: the server has no plpgsql_check (Debian:"
    " postgresql-15-plpgsql-check), or the login may not create it"
)
_BODY = re.compile(r"^as \$\w*\$", re.MULTILINE)


@dataclass(frozen=True)
class Finding:
    """One object that breaks one rule."""

    rule: str
    level: str
    title: str
    object: str
    problem: str
    fix: str
    file: str | None
    line: int | None


@dataclass(frozen=True)
class Lint:
    """What was found, by how many rules, and what could not be asked."""

    findings: tuple[Finding, ...]
    asked: int
    notes: tuple[str, ...] = ()


def all_rules() -> list[Rule]:
    """List the rules: those of the catalogue, the plans and the bodies of functions."""
    return [*catalogue_rules(), plans.RULE, functions.RULE]


def lint(
    conn: psycopg.Connection,
    creator: psycopg.Connection,
    root: Path,
    only: Collection[str] = (),
) -> Lint:
    """Ask the rules, or only some; `creator` may create an extension, in a transaction undone."""
    rules = [rule for rule in all_rules() if not only or rule.name in only]
    if unknown := {*only} - {rule.name for rule in rules}:
        raise ControlError(
            f"there is no rule {sorted(unknown)[0]}", "control sql lint --list names the rules"
        )
    _require_schema(conn)
    found, notes, places = [], [], Places(root)
    for rule in rules:
        answers = _ask(conn, creator, rule, places, root)
        if answers is None:
            notes.append(NOT_CHECKED)
        else:
            found += answers
    found.sort(key=lambda one: (LEVELS.index(one.level), one.rule, one.object, one.line or 0))
    return Lint(tuple(found), len(rules) - len(notes), tuple(notes))


def _ask(
    conn: psycopg.Connection, creator: psycopg.Connection, rule: Rule, places: Places, root: Path
) -> list[Finding] | None:
    if rule is functions.RULE:
        alarms = functions.check_functions(creator)
        return None if alarms is None else [*_alarms(rule, alarms, places, root)]
    if rule is plans.RULE:
        return [_finding(rule, row, places) for row in plans.find_bad_plans(conn)]
    assert isinstance(rule, CatalogueRule)
    return [_finding(rule, row, places) for row in conn.execute(rule.statement).fetchall()]


def _finding(rule: Rule, row: tuple[str, ...], places: Places) -> Finding:
    """Take what the row says; a rule that names objects only says the rest itself."""
    name, problem, fix = [*row, *[""] * (3 - len(row))]
    place = places.of(name)
    return Finding(
        rule=rule.name,
        level=rule.level,
        title=rule.title,
        object=name,
        problem=problem or rule.description,
        fix=fix or rule.fix,
        file=place.path if place else None,
        line=place.line if place else None,
    )


def _alarms(
    rule: Rule, alarms: Iterable[functions.Alarm], places: Places, root: Path
) -> Iterator[Finding]:
    for alarm in alarms:
        place = _line_of_body(places.of(alarm.function), alarm.line, root)
        yield Finding(
            rule=rule.name,
            level="error" if alarm.message.startswith("error") else "warning",
            title=rule.title,
            object=alarm.function,
            problem=alarm.message,
            fix=alarm.hint or rule.fix,
            file=place.path if place else None,
            line=place.line if place else None,
        )


def _line_of_body(place: Place | None, line: int | None, root: Path) -> Place | None:
    """Return the line of a file that is this line of a function's body."""
    if place is None or line is None:
        return place
    text = (root / place.path).read_text("utf-8")
    lines = text.splitlines(keepends=True)
    start = len("".join(lines[: place.line - 1]))
    body = _BODY.search(text, start)
    if body is None:
        return place
    return Place(place.path, text.count("\n", 0, body.start()) + line)


def _require_schema(conn: psycopg.Connection) -> None:
    found = conn.execute("select to_regnamespace('aspen') is not null").fetchone()
    if found == (False,):
        raise ControlError("the database has no tables of ours", "run control migrate up")
