"""Check that the database is what this checkout says, and nobody changed it by hand."""

from __future__ import annotations

from collections.abc import Collection

from control.doctor.patient import Patient
from control.doctor.verdicts import Check, Verdict, fail, ok, skip, warn
from control.errors import ControlError
from control.partitions import first_of_next_month, month_name
from control.queries import query
from control.terminal import listed

UP = "control migrate up --dry-run shows what would be done, control migrate up does it"


def migrations(patient: Patient) -> Verdict:
    """Compare applied migrations with those of the checkout, which may be older."""
    from control.schema.migrate import migrate_status

    # Raises where one is applied that the checkout does not have.
    status = migrate_status(patient.conn, patient.settings.root)
    if status.pending:
        return fail(f"pending: {listed(list(status.pending))}", UP)
    return ok(f"{len(status.applied)} applied, none pending")


def code(patient: Patient) -> Verdict:
    """Compare the files of sql/ with those that were loaded."""
    from control.schema.migrate import migrate_status

    status = migrate_status(patient.conn, patient.settings.root)
    if not status.is_code_loaded:
        return fail("the code of sql/ is not loaded", "control migrate up")
    files = [*status.files.added, *status.files.changed, *status.files.removed]
    if files:
        return fail(f"not loaded as they are: {listed(files)}", UP)
    return ok("the files of sql/ are loaded as they are")


def drift(patient: Patient) -> Verdict:
    """Compare with a clone that migrations and sql/ make on a server of its own."""
    from control.changes.sql_diff import sql_diff

    patient.require_code()
    try:
        found = sql_diff(patient.settings)
    except ControlError as error:
        # What it needs on this machine is missing: node, or the programs of that version.
        return skip(error.message, error.remedy)
    if found.by_hand:
        changes = [f"{one.object} {one.how}" for one in found.by_hand]
        return fail(listed(changes), "control sql diff shows it as SQL; control migrate up undoes")
    return ok("nothing was changed by hand")


def row_level_security(patient: Patient) -> Verdict:
    """Ask the safety rules that are about rows."""
    return _rules(patient, _ROWS, "every table forces row-level security, with its policies")


def roles(patient: Patient) -> Verdict:
    """Ask the safety rules that are about roles: attributes, logins, who may become whom."""
    return _rules(patient, _ROLES, "roles have the attributes and members they should have")


def grants(patient: Patient) -> Verdict:
    """Ask the other safety rules: nothing for public, definer functions, views."""
    found = {breach.rule for breach in patient.breaches}
    return _rules(patient, found - {*_ROWS, *_ROLES}, "nothing is granted that must not be")


_ROWS = (
    "tables_force_row_level_security",
    "granted_commands_have_a_policy",
    "tenant_tables_are_fenced",
    "tenant_policies_are_never_true",
    "policies_are_for_one_command_and_named_roles",
    "roles_have_one_policy_per_command",
    "views_run_with_the_callers_rights",
)
_ROLES = ("roles_have_no_attributes", "roles_belong_to_few_others", "authenticator_holds_nothing")


def _rules(patient: Patient, rules: Collection[str], well: str) -> Verdict:
    broken = [breach for breach in patient.breaches if breach.rule in rules]
    if not broken:
        return ok(well)
    said = listed([f"{breach.object}: {breach.problem}" for breach in broken])
    return fail(said, "; ".join(dict.fromkeys(breach.cure for breach in broken)))


def unused_indexes(patient: Patient) -> Verdict:
    """Name large indexes that nobody read while others of their table were."""
    found = _asked(patient, "indexes_are_used")
    if found:
        return warn(
            f"never read since {_since(patient)}: {listed(found)}",
            "drop them, in sql/tables and in a migration, unless a rare query needs them",
        )
    return ok(f"no large index went unread since {_since(patient)}")


def missing_indexes(patient: Patient) -> Verdict:
    """Name references and policies without an index, and large tables that are read whole."""
    found = _asked(patient, "foreign_keys_are_indexed", "policy_filters_are_indexed")
    if found:
        return warn(f"without an index: {listed(found)}", "control sql lint tells which to make")
    rows = patient.rows(
        b"select schemaname || '.' || relname from pg_catalog.pg_stat_user_tables"
        b" where schemaname = 'aspen' and seq_scan >= 1000"
        b" and seq_tup_read / seq_scan >= 50000 order by seq_tup_read desc"
    )
    if rows:
        return warn(
            f"read whole again and again since {_since(patient)}: {listed([r[0] for r in rows])}",
            "control db top names the statements, control db explain shows their plans",
        )
    return ok("references and policies have their indexes, and no large table is read whole")


def _asked(patient: Patient, *rules: str) -> list[str]:
    from control.lint.rules import catalogue_rules

    patient.require_code()
    return [
        str(row[0])
        for rule in catalogue_rules()
        if rule.name in rules
        for row in patient.rows(rule.statement)
    ]


def _since(patient: Patient) -> str:
    [(since,)] = patient.rows(
        b"select stats_reset from pg_catalog.pg_stat_database where datname = current_database()"
    )
    return "the database was made" if since is None else f"{since:%Y-%m-%d}"


def partitions(patient: Patient) -> Verdict:
    """Look for next month's partition of each table that has one for every month."""
    patient.require_code()
    month = first_of_next_month()
    wanted = [month_name(name, month) for (name,) in patient.rows(query("partitions/find_tables"))]
    there = patient.rows(
        b"select relname from pg_catalog.pg_class where relnamespace = 'control'::regnamespace"
    )
    if missing := [name for name in wanted if (name,) not in there]:
        return warn(
            f"missing: {', '.join(missing)}; such rows would be deleted one by one some day",
            "control db extend-partitions, every month, or keep control job work --with-schedule"
            " running",
        )
    return ok(f"{', '.join(wanted)} are there")


CHECKS = (
    Check("migrations", "No migration is pending, and none is unknown here", migrations),
    Check("code", "The files of sql/ are loaded as they are", code),
    Check("row-level-security", "Every table forces row-level security", row_level_security),
    Check("roles", "No role may do more than it must", roles),
    Check("grants", "Nothing is granted that must not be", grants),
    Check("partitions", "Next month has its partitions", partitions),
    Check("unused-indexes", "Every large index is read", unused_indexes),
    Check("missing-indexes", "What is looked up has an index", missing_indexes),
)
# Last of all, because it takes longest.
DRIFT = Check("drift", "Nobody changed the database by hand", drift, seconds=120)
