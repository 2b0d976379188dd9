"""`control doctor`: check an environment from end to end."""

from __future__ import annotations

from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING

import click

from control.app import App
from control.commands.options import echo_json, json_option
from control.errors import SOMETHING_TO_DO
from control.terminal import Colour, echo_painted, one_line, screen_width, table

if TYPE_CHECKING:
    from control.doctor.running import Finding

_COLOURS: dict[str, Colour] = {"ok": "green", "warn": "yellow", "fail": "red", "skip": "grey"}


@click.command("doctor")
@click.option("--only", multiple=True, metavar="NAME", help="Do this check; may repeat.")
@click.option("--list", "lists", is_flag=True, help="List the checks and what each is about.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, only: tuple[str, ...], lists: bool, as_json: bool) -> None:
    """Check an environment from end to end, and say what to do about each fault.

    Looks at versions, migrations, drift, roles, grants, row-level security, keys, clocks, the API,
    S3, workers, mails, webhooks, the server, indexes and backups. It changes nothing but a probe
    object in S3, which it deletes. Whatever is down, the other checks are done; each ends within
    15 seconds, drift within two minutes. Exits with 3 if a check warns or fails.

    \b
        control doctor
        control doctor --env production --only s3 --only clocks
    """
    from control.doctor.checks import chosen
    from control.doctor.patient import Patient
    from control.doctor.running import examine

    checks = chosen(only)
    if lists:
        if as_json:
            echo_json([{"name": check.name, "about": check.about} for check in checks])
            return
        for line in table([(check.name, check.about) for check in checks], screen_width()):
            click.echo(line)
        return
    app = ctx.find_object(App)
    assert app is not None
    found = []
    with Patient(app.settings) as patient:
        for finding in examine(patient, checks):
            found.append(finding)
            if not as_json:
                _tell(finding, max(len(check.name) for check in checks))
    unwell = sum(finding.state in ("warn", "fail") for finding in found)
    if as_json:
        echo_json({"is_well": not unwell, "checks": [asdict(finding) for finding in found]})
    else:
        click.echo(f"{len(found)} checks, {unwell or 'nothing'} to do")
    if unwell:
        ctx.exit(SOMETHING_TO_DO)


def _tell(finding: Finding, columns: int) -> None:
    """Print a finding; where the terminal is narrow, in several lines below each other."""
    width = screen_width() or 10_000
    indent = min(columns + 8, width // 3)
    room = max(width - indent, 20)
    head = f"  {finding.name:<{columns}}  "
    first, *more = wrap(one_line(finding.said), room) or [""]
    if finding.remedy is not None:
        more += wrap(f"→ {one_line(finding.remedy)}", room)
    if len(head) + 4 > indent:
        more, first = [first, *more], ""
    echo_painted(f"{finding.state:<4}", _COLOURS[finding.state], f"{head}{first}".rstrip())
    for line in more:
        click.echo(f"{'':<{indent}}{line}")
