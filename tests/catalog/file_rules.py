"""Rules about the files of sql/, the errors they raise and where those are described.

Each takes the root of a checkout and returns offenders; rules about the catalogue are under rules/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import ObjectType

from tests.catalog.api_calls import called_functions

HEADER = re.compile(
    r"\nlanguage (sql|plpgsql)\n(rows \d+\n)?(volatile|stable|immutable)\n(strict\n)?"
    r"security (invoker|definer)\n"
)
# Status and code of an error, wherever a cell of a table holds nothing else.
STATUS = re.compile(r"\|\s*`?(\d{3})`?\s*(?=\|)")
# Our codes, and those of PostgREST that our database raises on its behalf.
CODE = re.compile(r"\|\s*`([a-z]+(?:_[a-z]+)+|PGRST107|PGRST124)`\s*(?=\|)")
# folder of sql/ -> the statements its files are made of
KINDS = {
    "policies": {"GrantStmt", "CreatePolicyStmt", "CommentStmt"},
    "triggers": {"CreateTrigStmt"},
}
# Statements that write rows.
WRITES = (ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt)
Rule = Callable[[Path], list[str]]


def files_hold_the_object_they_are_named_after(root: Path) -> list[str]:
    """Name each file after its object, so that it is found; a domain's after its media type."""
    return [
        name
        for name, text in _files(root)
        if "/" in name and not {Path(name).stem, "a domain"} & set(_objects_of(text))
    ]


def policies_are_in_the_file_of_their_table(root: Path) -> list[str]:
    """Keep all policies of a table in policies/<table>.sql."""
    return [
        f"{name}: {policy}"
        for name, text in _files(root)
        for policy, table in re.findall(r"^create policy (\w+) on aspen\.(\w+)$", text, re.M)
        if name != f"policies/{table}.sql"
    ]


def triggers_are_in_the_file_of_their_table(root: Path) -> list[str]:
    """Put all triggers that structure.sql does not make into triggers/<table>.sql."""
    return [
        f"{name}: {trigger}"
        for name, text in _files(root)
        for trigger, table in re.findall(
            r"^create or replace trigger (\w+)\n[^;]*? on aspen\.(\w+)$", text, re.M
        )
        if name != f"triggers/{table}.sql"
    ]


def folders_hold_one_kind_of_statement(root: Path) -> list[str]:
    """Say who may do what in policies/, keep triggers in triggers/; structure.sql does the rest."""
    return sorted(
        {
            f"{name}: {kind}"
            for name, text in _files(root)
            if (kinds := KINDS.get(name.partition("/")[0]))
            for parsed in parse_sql(text)
            if (kind := type(parsed.stmt).__name__) not in kinds
        }
    )


def functions_have_a_complete_header(root: Path) -> list[str]:
    """State language, volatility and security in this order, and have a comment and a revoke."""
    return [
        name
        for name, text in _files(root)
        if re.search(r"^create or replace function", text, re.M)
        and not (
            HEADER.search(text)
            and re.search(r"^comment on function", text, re.M)
            and re.search(r"^revoke all on function [^;]+ from public;", text, re.M)
        )
    ]


def definer_functions_say_why(root: Path) -> list[str]:
    """Say `definer because …` in a comment above the function."""
    return [
        name
        for name, text in _files(root)
        if "\nsecurity definer\n" in text and "definer because " not in _comments(text)
    ]


def owners_are_stated_in_one_place(root: Path) -> list[str]:
    """State only in owners.sql which role a definer function runs as."""
    return [
        name
        for name, text in _files(root)
        if name != "owners.sql" and re.search(r"^alter .*\bowner to\b", text, re.M)
    ]


def views_list_their_columns(root: Path) -> list[str]:
    """Use no star, so that no new column becomes public by accident."""
    return [
        name
        for name, text in _files(root)
        if name.startswith("api/views/") and re.search(r"(\bselect\s+|\.)\*", text)
    ]


def errors_are_documented(root: Path) -> list[str]:
    """List each error of our functions and the edge in docs/errors.md, with its status."""
    return sorted(raised_errors(root) - documented_errors(root))


def documented_errors_are_raised(root: Path) -> list[str]:
    """List no error in docs/errors.md that is never raised."""
    return sorted(documented_errors(root) - raised_errors(root))


def errors_in_comments_are_raised(root: Path) -> list[str]:
    """Promise only codes that exist after `Errors:` in a comment."""
    raised = {error.split()[1] for error in raised_errors(root)}
    return sorted(
        f"{name}: {code}"
        for name, text in _files(root)
        for errors in re.findall(r"\bErrors: ([^$]+?)\.(?:\$\$|\s|$)", text)
        for code in set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", re.sub(r"\([^)]*\)", "", errors)))
        if code not in raised
    )


def api_functions_are_called_in_tests(root: Path) -> list[str]:
    """Call each function of the API in a test: by SQL, by HTTP or as a computed field."""
    called = called_functions(root / "tests")
    return [
        name
        for name, _ in _files(root)
        if name.startswith("api/functions/") and Path(name).stem not in called
    ]


def migrations_write_rows_as_control(root: Path) -> list[str]:
    """Put `set local role none;` before rows are written: of older tables the owner sees none."""
    return [
        f"{path.name}: {what}, without set local role none before and aspen_owner after it"
        for path in sorted((root / "migrations").glob("*.sql"))
        for what in _rows_written_as_owner(path.read_text("utf-8"))
    ]


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        files_hold_the_object_they_are_named_after,
        policies_are_in_the_file_of_their_table,
        triggers_are_in_the_file_of_their_table,
        folders_hold_one_kind_of_statement,
        functions_have_a_complete_header,
        definer_functions_say_why,
        owners_are_stated_in_one_place,
        views_list_their_columns,
        errors_are_documented,
        documented_errors_are_raised,
        errors_in_comments_are_raised,
        api_functions_are_called_in_tests,
        migrations_write_rows_as_control,
    )
}


def raised_errors(root: Path) -> set[str]:
    """Return `status code` of every call of internal.fail, and of every error of the edge."""
    edge = root / "nginx.js"
    refusals = edge.read_text("utf-8") if edge.exists() else ""
    errors = {f"{s} {c}" for c, s in re.findall(r"^    (\w+): \[(\d{3}),", refusals, re.M)}
    for name, text in _files(root):
        for call in re.finditer(r"(?:internal|authz)\.fail\(", text):
            if name not in ("internal/errors/fail.sql", "authz/fail.sql"):
                status, code, *_ = _arguments(text[call.end() :])
                # `case when … then 409 else 400 end` goes with a code of the same form.
                statuses = re.findall(r"\b\d{3}\b", status)
                codes = re.findall(r"'([a-z_]+|PGRST\d+)'", code)
                errors |= {f"{s} {c}" for s, c in zip(statuses, codes, strict=True)}
    return errors


def documented_errors(root: Path) -> set[str]:
    """Return `status code` of every row of a table in docs/errors.md."""
    rows = (root / "docs/errors.md").read_text("utf-8").splitlines()
    return {
        f"{status} {code}"
        for row in rows
        for status in STATUS.findall(row)
        for code in CODE.findall(row)
    }


def _files(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path within sql/, and text."""
    for path in sorted((root / "sql").rglob("*.sql")):
        yield str(path.relative_to(root / "sql")), path.read_text("utf-8")


def _objects_of(text: str) -> Iterator[str]:
    """Yield the names of the objects that the statements of a file create."""
    for parsed in parse_sql(text):
        # Any, because pglast types every member as one that may be missing.
        statement: Any = parsed.stmt
        match type(statement).__name__:
            case "CreateStmt":
                yield statement.relation.relname
            case "ViewStmt":
                yield statement.view.relname
            case "CreatePolicyStmt":
                yield statement.table.relname
            case "GrantStmt" if statement.objtype == ObjectType.OBJECT_TABLE:
                # structure.sql may have all policies of a table.
                if statement.objects[0].schemaname == "aspen":
                    yield statement.objects[0].relname
            case "CreateTrigStmt":
                yield statement.relation.relname
            case "CreateFunctionStmt":
                yield statement.funcname[-1].sval
            case "DefineStmt":
                yield statement.defnames[-1].sval
            case "CompositeTypeStmt":
                yield statement.typevar.relname
            case "CreateDomainStmt":
                yield "a domain"


def _rows_written_as_owner(text: str) -> Iterator[str]:
    """Yield each command of a migration, and its table, that the policies of the table prevent."""
    is_owner, new = True, set()
    for parsed in parse_sql(text):
        # Any, because pglast types every member as one that may be missing.
        statement: Any = parsed.stmt
        kind = type(statement)
        if kind is ast.VariableSetStmt and statement.name == "role":
            is_owner = statement.args[0].val.sval != "none"
        elif kind is ast.CreateStmt:
            # It gets its policies after the migration.
            new.add(statement.relation.relname)
        elif is_owner:
            yield from (
                f"{what} {table}" for what, table in _written(statement) if table not in new
            )


def _written(statement: Any) -> Iterator[tuple[str, str]]:
    """Yield each command that writes rows, with its table, wherever it is in a statement."""
    kind = type(statement)
    if kind is ast.DoStmt:
        (body,) = (one.arg.sval for one in statement.args if one.defname == "as")
        yield from re.findall(r"\b(insert|update|delete|merge)(?: into| from)? aspen\.(\w+)", body)
    if kind in WRITES:
        yield kind.__name__.removesuffix("Stmt").lower(), statement.relation.relname
    for one in getattr(getattr(statement, "withClause", None), "ctes", None) or ():
        yield from _written(one.ctequery)


def _comments(text: str) -> str:
    """Return the comments of a file as running text."""
    return " ".join(re.findall(r"^-- ?(.*)$", text, re.M))


def _arguments(text: str) -> list[str]:
    """Return the arguments of a call whose opening parenthesis was just read."""
    arguments, depth, is_quoted = [""], 0, False
    for letter in text:
        is_quoted ^= letter == "'"
        if not is_quoted and letter == ")" and depth == 0:
            break
        if not is_quoted and letter == "," and depth == 0:
            arguments.append("")
            continue
        depth += 0 if is_quoted else (letter == "(") - (letter == ")")
        arguments[-1] += letter
    return arguments
