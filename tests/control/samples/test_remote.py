"""`control sample import --remote` sends files to the API as any client, and tells what it says."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import Request

import psycopg
import pytest
from click.testing import CliRunner, Result

from control import local
from control.app import App
from control.cli import cli
from control.jobs.states import lock_job
from control.login.stores import Login, logins_of
from control.samples import api_client, remote
from control.storage.credentials import current_credentials, store_credentials
from tests import factories
from tests.servers import S3, Api

METADATA = "strain,date,region,country\nr/{0},2021-02-03,Europe,France\nr/{0}b,{1},Europe,France\n"
FASTA = ">r/{0}\n{1}\n>r/{0}b\n{1}\n"
GENOME = "ACGT" * 300
WAITING = "select id from aspen.jobs where kind = 'import' and status = 'queued'"


@dataclass
class Office:
    """A member of a group without access to the database, and the worker elsewhere."""

    api: Api
    s3: S3
    conn: psycopg.Connection
    folder: Path
    group_id: int
    subject: str
    strain: str

    def write(self, date: str = "2021-02-04") -> None:
        """Write both files."""
        (self.folder / "meta.csv").write_text(METADATA.format(self.strain, date))
        (self.folder / "seq.fasta").write_text(FASTA.format(self.strain, GENOME))

    def run(self, *options: str, environment: dict[str, str] | None = None) -> Result:
        """Import the files with the API alone."""
        known = {
            "ASPEN_API_URL": self.api.url,
            "ASPEN_API_TOKEN": self.api.token(self.subject),
            "ASPEN_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
        } | (environment or {})
        given = ["sample", "import", "--remote", "--group", str(self.group_id)]
        given += ["--pathogen", "SC2", "--metadata", str(self.folder / "meta.csv")]
        given += ["--sequences", str(self.folder / "seq.fasta"), *options]
        return CliRunner().invoke(cli, given, env=known)

    def work(self, _: float) -> None:
        """Run the imports that wait, as a worker does while the command waits."""
        app = App()
        app.__dict__["settings"] = replace(self.s3.settings, database_url=self.api.database.url)
        for (job_id,) in self.conn.execute(WAITING).fetchall():
            with self.conn.transaction():
                job = lock_job(self.conn, job_id)
            import_module("control.jobs.kinds.import").run(app, job)

    def stored(self) -> list[tuple[Any, ...]]:
        """Return the samples of the group, and whether each has a sequence."""
        return self.conn.execute(
            "select samples.private_identifier, sequences.id is not null from aspen.samples"
            " left join aspen.sequences on samples.id = sequences.sample_id"
            " where samples.group_id = %s order by 1",
            [self.group_id],
        ).fetchall()

    def uploads(self) -> int:
        """Return how many uploads the group has."""
        return self.conn.execute(
            "select from aspen.uploads where group_id = %s", [self.group_id]
        ).rowcount


@pytest.fixture
def office(api: Api, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> Any:
    """Return an office of a group of its own."""
    with api.database.connect() as conn:
        store_credentials(conn, current_credentials(s3.settings, s3.client))
        factories.pathogen(conn, "SC2")
        group = factories.group(conn)
        subject = f"remote|{group}"
        factories.user(conn, subject, {group: "member"})
        made = Office(api, s3, conn, tmp_path, group, subject, f"{group}")
        connect = api_client.connect_api
        monkeypatch.setattr(
            api_client,
            "connect_api",
            lambda settings: replace(connect(settings), pause=made.work),
        )
        made.write()
        yield made


def test_files_are_sent_and_imported(office: Office) -> None:
    """Exit with 0 when the job has stored everything, and leave no upload."""
    result = office.run()

    assert result.exit_code == 0, result.stderr
    assert office.stored() == [(f"r/{office.strain}", True), (f"r/{office.strain}b", True)]
    assert "imported 2 samples by job" in result.stdout
    assert office.uploads() == 0


def test_bad_rows_are_reported_as_here(office: Office) -> None:
    """Exit with 1, name file, line and reason, and make room for the corrected files."""
    office.write(date="2999-01-01")

    result = office.run("--rejects", str(office.folder / "rejects.tsv"))

    assert result.exit_code == 1
    assert f"{office.folder}/meta.csv:3: r/{office.strain}b: date" in result.stderr
    assert "nothing was stored: 1 of 2 samples are rejected" in result.stderr
    assert "2999-01-01" in (office.folder / "rejects.tsv").read_text()
    assert (office.stored(), office.uploads()) == ([], 0)


def test_import_that_fails_as_a_whole_says_why(office: Office) -> None:
    """Give the error of the job."""
    result = office.run("--private-identifier-column", "id")

    assert result.exit_code == 1
    assert "has no column id; its columns are strain, date, region, country" in result.stderr


def test_part_that_failed_is_sent_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send it once more, and by a new link if the old one has expired."""
    seen: list[str] = []

    def unsteady(request: Request, seconds: float) -> Any:
        if request.method == "PUT":
            seen.append(request.full_url.partition("?")[0][-10:])
            if len(seen) == 1:
                raise ConnectionResetError
            if len(seen) == 2:
                request.full_url = request.full_url.replace("X-Amz-Signature=", "X-Amz-Signature=0")
        return local.forward(request, seconds)

    monkeypatch.setattr("control.samples.api_client.forward", unsteady)

    result = office.run()

    assert result.exit_code == 0, result.stderr
    assert seen == ["part-00001"] * 4


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--user", "alice"], "--user and --dry-run need a database"),
        (["--dry-run"], "--user and --dry-run need a database"),
    ],
)
def test_what_needs_the_database_is_refused(
    office: Office, options: list[str], reason: str
) -> None:
    """Exit with 2 before anything is sent."""
    result = office.run(*options)

    assert (result.exit_code, office.uploads()) == (2, 0)
    assert reason in result.stderr


def test_refusal_of_the_api_is_said(office: Office) -> None:
    """Give its message and its hint, and never the token."""
    token = office.api.token(office.subject, ttl=timedelta(seconds=-600))

    expired = office.run(environment={"ASPEN_API_TOKEN": token})
    foreign = office.run("--group", f"{office.group_id - 1}")

    assert (expired.exit_code, foreign.exit_code) == (1, 1)
    assert "the API refused: " in expired.stderr
    assert token not in expired.output
    assert f"there is no group '{office.group_id - 1}'" in foreign.stderr


def test_import_is_made_as_whoever_is_signed_in(office: Office) -> None:
    """Take the login of the environment where no token is given."""
    environment = {"ASPEN_API_TOKEN": "", "XDG_STATE_HOME": str(office.folder)}
    nobody = office.run(environment=environment)
    login = Login(
        office.api.url,
        *("https://login.example.org", "client-1", "https://login.example.org/token", None),
        office.api.token(office.subject),
        refresh_token=None,
        expires_at=time.time() + 3600,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(office.folder))
        logins = logins_of("local")
        logins.keep(login, logins.file)
    done = office.run(environment=environment)

    assert "nobody is signed in to local" in nobody.stderr
    assert done.exit_code == 0, done.stderr


def test_result_is_one_json_document(office: Office) -> None:
    """Give machines the job and the problems."""
    result = office.run("--json")

    said = json.loads(result.stdout)
    assert (said["is_stored"], said["total"], said["problems"]) == (True, 2, [])


def test_large_file_goes_in_parts(tmp_path: Path) -> None:
    """Send each piece of the file once, in its order, by the link for it."""
    path = tmp_path / "a.fasta"
    path.write_bytes(b"0123456789")
    sent: list[tuple[int, bytes]] = []

    class Links:
        def call(self, function: str, arguments: dict[str, Any]) -> Any:
            assert (function, arguments["size_bytes"]) == ("create_upload", 10)
            sizes = enumerate((4, 4, 2), 1)
            parts = [{"number": number, "size_bytes": size} for number, size in sizes]
            return {"id": 7, "parts": parts}

        def send_part(self, path: Path, start: int, part: dict[str, Any]) -> bool:
            pieces = api_client._pieces(path, start, part["size_bytes"])
            sent.append((part["number"], b"".join(pieces)))
            return True

    upload = remote._send(Links(), 1, path, path.name, print)  # type: ignore[arg-type]

    assert (upload, sent) == (7, [(1, b"0123"), (2, b"4567"), (3, b"89")])


def test_many_problems_come_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for what comes after the last one."""
    monkeypatch.setattr(remote, "PAGE", 2)
    columns = dict.fromkeys(remote.PROBLEM_COLUMNS, "x")
    rows: list[dict[str, Any]] = [{**columns, "id": number} for number in (3, 5, 9)]

    class Pages:
        def get(self, _: str, filters: dict[str, Any]) -> list[dict[str, Any]]:
            after = int(filters["id"].removeprefix("gt."))
            return [row for row in rows if row["id"] > after][: filters["limit"]]

    assert len(list(remote._problems(Pages(), 1))) == 3  # type: ignore[arg-type]
