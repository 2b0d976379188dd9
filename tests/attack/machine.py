"""Attacks from the same machine, from a web page, and by an operator's mistake."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx

from control.errors import ControlError
from control.schema.migrate import migrate_up
from control.stack.state import State
from tests.attack.stage import Stage, Trial
from tests.servers import SETTINGS
from tests.stack.listeners import is_loopback, listening_addresses
from tests.stack.test_logs import is_storage

FOREIGN = {"Origin": "http://evil.example", "Content-Type": "text/plain"}
TABLE = """
create table aspen.freezers (id bigint primary key, group_id bigint, name text);
alter table aspen.freezers owner to aspen_owner;
"""
VIEW = """
create or replace view api.freezers as
    select freezers.id, freezers.name from aspen.freezers as freezers;
grant select on aspen.freezers to member;
grant select on api.freezers to member;
"""


def listeners(stage: Stage) -> Iterator[Trial]:
    """Look for a port that other machines can reach."""
    for name, pid in stage.pids().items():
        for address in sorted(listening_addresses(pid)):
            yield f"{name} listens on {address}", is_loopback(address)


def emulator(stage: Stage) -> Iterator[Trial]:
    """Reach the S3 emulator as a web page, as another name, or without a key."""
    url = f"{stage.settings.s3_endpoint_url}"
    bucket = stage.settings.bucket
    for method, path, headers in (
        ("POST", "/_ministack/reset", FOREIGN),
        ("POST", "/_ministack/reset", {}),
        ("POST", "/_ministack/config", FOREIGN),
        ("GET", "/_ministack/health", {"Host": "evil.example"}),
        ("GET", f"/{bucket}/", {}),
        ("GET", f"/{bucket}/?X-Amz-Credential=test%2F20261126%2Fus-east-1%2Fs3%2Faws4_request", {}),
        ("PUT", f"/{bucket}/planted", FOREIGN),
        ("DELETE", f"/{bucket}", FOREIGN),
        ("OPTIONS", f"/{bucket}/planted", FOREIGN | {"Access-Control-Request-Method": "PUT"}),
    ):
        answer = httpx.request(method, url + path, headers=headers)
        yield f"{method} {path} {headers}: {answer.status_code}", answer.status_code >= 400
    admin = f"{stage.settings.admin_url}"
    for path in ("/ready", "/live", "/metrics", "/config"):
        yield f"{path} through the edge", httpx.get(stage.edge + path).status_code == 404
    yield "(the admin port itself answers here)", httpx.get(f"{admin}/live").status_code == 200


def careless_load(stage: Stage) -> Iterator[Trial]:
    """Load a table without row-level security, and a file that load.sql does not name."""
    for name, files in (
        (
            "a table without row-level security",
            {
                "migrations/0099_add_freezers.sql": TABLE,
                "migrations/0099_add_freezers.rollback.sql": "drop table aspen.freezers;",
                "sql/tables/freezers.sql": TABLE,
                "sql/api/views/freezers.sql": VIEW,
            },
        ),
        ("a file that load.sql does not name", {"sql/api/functions/health2.sql": "select 1;"}),
    ):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            for part in ("sql", "migrations"):
                shutil.copytree(SETTINGS.root / part, root / part)
            for path, text in files.items():
                (root / path).write_text(text)
            contents = root / "sql" / "load.sql"
            if "sql/tables/freezers.sql" in files:
                contents.write_text(
                    contents.read_text() + "\\ir tables/freezers.sql\n\\ir api/views/freezers.sql\n"
                )
            try:
                migrate_up(replace(stage.settings, root=root), echo=lambda _: None)
                held = False
            except ControlError as error:
                held = "freezers" in f"{error}" or "health2" in f"{error}"
        yield name, held
    with stage.client(stage.world.bob.token) as http:
        yield "and nobody reads it", http.get("/freezers").status_code == 404


def logs(stage: Stage) -> Iterator[Trial]:
    """Look for identifiers and tokens in every file but the storage, and on every command line."""
    world = stage.world
    with stage.client(world.alice.token) as http:
        secret = stage.mark("qx7zmarked")
        http.get(f"/samples?private_identifier=eq.{secret}&select={secret}")
        http.get(
            f"/{secret.upper()}",
            headers={"User-Agent": secret, "Cookie": secret, "Referer": secret},
        )
        http.post("/samples", json=world.sample(secret, collection_date=secret))
        http.post("/rpc/create_samples", json=world.batch(world.batch_sample(secret, host=3)))
        http.post("/samples", content=f"{secret}\n1,2", headers={"Content-Type": "text/csv"})
        http.get("/samples?select=" + f"{secret}," * 1000)
        http.get("/me", headers={"Authorization": f"Bearer {secret}.{secret}.{secret}"})
    tokens = [world.caller(who).token for who in ("alice", "vic", "olga", "bob")]
    marks = [*stage.marked, *(f"{token}".rsplit(".", 1)[-1] for token in tokens)]
    home = stage.settings.data_dir
    for path in sorted(home.rglob("*")):
        if path.is_file() and not is_storage(path.relative_to(home)):
            content = path.read_bytes().lower()
            yield f"{path.relative_to(home)}", not any(m.lower().encode() in content for m in marks)
    shown = subprocess.run(
        ["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True
    ).stdout
    passwords = State.load(stage.settings).passwords.values()
    yield "no command line holds a password", not any(word in shown for word in passwords)
