"""What the tests of backups start with: a stack with the demo, objects, and a vault outside."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from control.backups.making import count_rows
from control.backups.vault import Vault
from control.cli import cli
from control.demo import OWNER
from control.settings import Settings
from control.stack.ports import any_free
from control.storage.s3 import S3Uri, make_client
from control.tokens.keys import load_keys
from control.tokens.minting import claims_for, sign
from tests.servers import EMPTY, SETTINGS, TEMPLATE, prepare_stack
from tests.stack.conftest import LocalStack

DEBIAN = Path("/usr/lib/postgresql/15/bin")
# .ci/run runs the files of these tests for either version.
VERSION = "15" if os.environ.get("ASPEN_POSTGRES_BIN") == str(DEBIAN) else "18"
# What leads to an object is another in another bucket.
MOVED = ("bucket", "version_id", "etag")
WITH_OBJECTS = ("aspen.job_outputs", "aspen.repository_data", "aspen.uploads")
# What the rows of refer_to() name, besides an upload that was never sent.
KEYS = (
    "sets/1.fasta",
    "sets/1.tsv",
    "group/1/uploads/00000000-0000-0000-0000-000000000001/part-00001",
)


@dataclass
class Stack(LocalStack):
    """A local stack and the command line beside it."""

    bucket: str = "aspen"
    recipient: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line here."""
        return {
            "ASPEN_ROOT": str(SETTINGS.root),
            "ASPEN_DATA_DIR": str(self.settings.data_dir),
            "ASPEN_FIRST_PORT": str(self.settings.first_port),
            "ASPEN_POSTGRES_BIN": f"{self.settings.postgres_bin}",
            "ASPEN_BUCKET": self.bucket,
            "ASPEN_BACKUP_S3_ENDPOINT_URL": f"{self.settings.s3_endpoint_url}",
            "ASPEN_BACKUP_S3_ACCESS_KEY": f"{self.settings.s3_access_key}",
            "ASPEN_BACKUP_S3_SECRET_KEY": f"{self.settings.s3_secret_key}",
            "ASPEN_BACKUP_RECIPIENT": self.recipient,
            "ASPEN_BACKUP_IDENTITY_FILE": str(self.identity),
        }

    @property
    def identity(self) -> Path:
        """Return the file with the identity that opens what left the machine."""
        return self.settings.data_dir.parent / "backup.key"

    @property
    def keyed(self) -> Settings:
        """Return the settings that reach and open the vault."""
        return self.with_(
            backup_s3_endpoint_url=self.settings.s3_endpoint_url,
            backup_s3_access_key=self.settings.s3_access_key,
            backup_s3_secret_key=self.settings.s3_secret_key,
            backup_identity_file=str(self.identity),
        )

    def vault(self, name: str) -> Vault:
        """Return a folder outside the machine."""
        return Vault.to_read(self.keyed, S3Uri("vault", name))

    def control(self, *arguments: str) -> Result:
        """Run a command, whether it succeeds or not."""
        return CliRunner().invoke(cli, arguments, env=self.environment)

    def run(self, *arguments: str) -> Result:
        """Run a command that must succeed."""
        result = self.control(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def content(self) -> dict[str, Any]:
        """Return everything a restore must bring back, in a form that compares."""
        with self.connect() as conn:
            # Loading sql/ writes one of them again.
            tables = {
                name: rows_of(conn, name)
                for name in count_rows(conn)
                if name != "aspen.api_descriptions"
            }
            sequences = conn.execute(
                "select schemaname, sequencename, last_value from pg_sequences"
                " where sequencename <> 'audit_log_id_seq' order by 1, 2"
            ).fetchall()
            privileges = conn.execute(
                "select pg_get_userbyid(datdba), datacl::text from pg_database"
                " where datname = current_database()"
            ).fetchall()
            chosen = conn.execute(
                "select setrole::regrole::text, entry from pg_db_role_setting,"
                " unnest(setconfig) as entry where entry like 'aspen.%' order by 1, 2"
            ).fetchall()
        return {
            "tables": tables,
            "sequences": sequences,
            "privileges": privileges,
            "settings": chosen,
        }

    def words(self, query: str) -> list[str]:
        """Return a column of the database."""
        with self.connect() as conn:
            return [word for (word,) in conn.execute(query.encode())]

    def keys_of(self, bucket: str) -> list[str]:
        """Return the keys of all objects of a bucket."""
        pages = make_client(self.settings).get_paginator("list_objects_v2")
        return [
            found["Key"]
            for page in pages.paginate(Bucket=bucket)
            for found in page.get("Contents", ())
        ]

    def get(self, path: str, token: str | None = None) -> Any:
        """Return what the API answers."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{self.settings.api_url}/{path}", headers=headers, timeout=20).json()


def rows_of(conn: psycopg.Connection, name: str) -> list[str]:
    """Return the rows of a table as sorted JSON, without what names an object's place in S3.

    The audit records of new credentials differ between stacks and are left out.
    """
    query = sql.SQL("select to_jsonb(rows) - %s::text[] from {} as rows").format(
        sql.Identifier(*name.split("."))
    )
    moved = list(MOVED) if name in WITH_OBJECTS else []
    rows = [row for (row,) in conn.execute(query, [moved])]
    return sorted(
        json.dumps(row, sort_keys=True)
        for row in rows
        if not name.startswith("aspen.audit_log") or row["table_name"] != "storage_credentials"
    )


@contextmanager
def running(data: Path, version: str, bucket: str) -> Iterator[Stack]:
    """Run a stack of one PostgreSQL with a bucket of one name, migrated and without rows."""
    settings = replace(
        SETTINGS,
        data_dir=data,
        keys_dir=data / "keys",
        first_port=any_free(),
        postgres_bin=binaries_of(version),
        bucket=bucket,
    )
    prepare_stack(settings)
    stack = Stack(settings, bucket=bucket)
    stack.up()
    try:
        with stack.connect() as conn:
            # Originals of clones, which would make every base backup three times as large.
            conn.execute(f"drop database {EMPTY}".encode())
            conn.execute(f"drop database {TEMPLATE}".encode())
        yield stack
    finally:
        stack.down()


def owners_token(stack: Stack) -> str:
    """Return a token of the owner of the demo."""
    claims = claims_for(sub=OWNER.subject, role="member", ttl=timedelta(hours=1))
    return sign(load_keys(stack.settings.keys_dir), claims)


def make_vault(stack: Stack) -> None:
    """Make what backups outside the machine need: a bucket of their own and a key pair."""
    make_client(stack.settings).create_bucket(Bucket="vault")
    stack.recipient = stack.run("db", "backup-key", str(stack.identity)).stdout.strip()


def refer_to_objects(stack: Stack) -> None:
    """Store a data set of a repository, an upload, and one that was announced and never sent."""
    client = make_client(stack.settings)
    for key in KEYS:
        client.put_object(Bucket=stack.bucket, Key=key, Body=key.encode())
    with stack.connect() as conn:
        conn.execute(
            "insert into aspen.repository_data (pathogen_id, public_repository_id, stage, bucket,"
            " sequences_key, metadata_key, job_id) select pathogens.id, repositories.id, 'raw', %s,"
            " %s, %s, 0 from aspen.pathogens, aspen.public_repositories as repositories limit 1",
            [stack.bucket, *KEYS[:2]],
        )
        conn.execute(
            "insert into aspen.uploads (group_id, file_name, bucket, folder, size_bytes,"
            " checksum_sha256) select groups.id, 'x.fasta', %s, 'group/' || groups.id ||"
            " '/uploads/00000000-0000-0000-0000-00000000000' || number || '/', 9, repeat('0', 64)"
            " from aspen.groups, generate_series(1, 2) as number where groups.id = 1",
            [stack.bucket],
        )


def binaries_of(version: str) -> str:
    """Return a version's programs; without PostgreSQL 15, skip its tests."""
    if version == "15" and not (DEBIAN / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here: .ci/run installs it")
    return str(DEBIAN) if version == "15" else "bundled"


@dataclass(frozen=True)
class Original:
    """A stack with data, and its backup."""

    stack: Stack
    backup: Path
    content: dict[str, Any]
    token: str
    link: str
    file: bytes


@contextmanager
def backed_up(home: Path, secret: str) -> Iterator[Original]:
    """Store the demo, an operator's settings and a secret; make a backup with keys."""
    with running(home / "data", VERSION, "first-bucket") as stack:
        stack.run("load", "demo")
        with stack.connect() as conn:
            conn.execute("alter role authenticator set aspen.link_seconds = '900'")
            conn.execute("alter database aspen set aspen.max_token_days = '7'")
            conn.execute("update aspen.storage_credentials set secret_access_key = %s", [secret])
            [output] = conn.execute("select min(id) from aspen.job_outputs").fetchall()
        refer_to_objects(stack)
        make_vault(stack)
        stack.run("db", "backup", "--keys", str(home / "backup"))
        content = stack.content()
        stack.run("output", "credentials")
        token, link = owners_token(stack), f"rpc/output_url?id={output[0]}"
        file = httpx.get(stack.get(link, token)["url"]).content
        yield Original(stack, home / "backup", content, token, link, file)
