"""Every error of docs/errors.md, provoked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from control.tokens.minting import claims_for, sign
from tests import factories
from tests.factories import GENOME
from tests.http.leaks import leaks
from tests.http.world import DRY_RUN, Caller, World, refusal
from tests.names import unique
from tests.servers import SETTINGS

ROW = re.compile(r"^\| (\d{3}) \| `(\w+)` \|", re.M)
CREATE = "/rpc/create_samples"
RUN = "/rpc/create_phylo_run"
INVITE = "/rpc/invite_members"
ACCEPT = "/rpc/accept_invitation"
MERGE = f"{DRY_RUN},resolution=merge-duplicates"
OBJECT = "application/vnd.pgrst.object+json"

# These need a server of their own: tests/http/test_limits.py, test_edge.py, test_edge_limits.py.
ELSEWHERE = {
    "503 57014",
    "503 replica_behind",
    "503 55P03",
    "409 40P01",
    "503 57P01",
    "503 PGRST000",
    "504 PGRST003",
    "400 bad_request",
    "408 request_timeout",
    "429 too_many_requests",
    "500 internal_error",
    "503 api_unavailable",
}

# PostgreSQL 18 alone says this: tests/http/test_reference_data.py.
NEW_IN_18 = {"400 23001"}

Example = Callable[[World], httpx.Response]


def as_member(path: str, **options: Any) -> Example:
    """Return a GET by a member."""
    return lambda world: world.alice.get(path.format(world=world), **options)


def with_claims(**claims: Any) -> Example:
    """Return a request with a token that claims something else; None leaves a claim out."""

    def request(world: World) -> httpx.Response:
        said = claims_for(sub=f"alice-{world.name}", role="member", ttl=timedelta(hours=1)) | claims
        kept = {claim: value for claim, value in said.items() if value is not None}
        return Caller(world.api, sign(world.api.keys, kept)).get("/me")

    return request


def cut_text(world: World) -> httpx.Response:
    """Request CSV of more rows than an answer may have."""
    world.conn.execute(
        "insert into aspen.lineages (pathogen_id, lineage)"
        " select %s, 'cut.' || number from generate_series(1, 1001) as number",
        [world.pathogen],
    )
    return world.alice.get("/lineages", accept="text/csv")


def job_token(world: World) -> httpx.Response:
    """Send a request of a job that is still queued."""
    job = factories.job(world.conn, world.group)
    return with_claims(role="job", job_id=str(job))(world)


def second_report(world: World) -> httpx.Response:
    """Submit another manifest for the same attempt."""
    job = factories.job(world.conn, world.group, "pangolin", "running")
    program = Caller(world.api, world.api.token(f"job|{job}", "job", job_id=job, attempt=1))
    manifest = {"kind": "pangolin", "attempt": 1, "status": "failed", "error": "no disk"}
    program.post("/rpc/report_job", json={"manifest": manifest})
    return program.post("/rpc/report_job", json={"manifest": manifest | {"error": "no memory"}})


def upload_too_many(world: World) -> httpx.Response:
    """Announce a file when the group has as many uploads as it may have."""
    for _ in range(20):
        factories.upload(world.conn, world.group)
    return world.alice.post(
        "/rpc/create_upload",
        json={
            "group_id": world.group,
            "file_name": "a",
            "size_bytes": 1,
            "checksum_sha256": "0" * 64,
        },
    )


def limited(request: Example, **limits: int) -> Example:
    """Return a request to a group that may have nothing more; the limit ends with it."""

    def refused(world: World) -> httpx.Response:
        factories.insert(world.conn, "group_limits", {"group_id": world.group} | limits)
        try:
            return request(world)
        finally:
            world.conn.execute("delete from aspen.group_limits where group_id = %s", [world.group])

    return refused


def user_with(**columns: Any) -> Example:
    """Return a request of a user whose row says something else."""

    def request(world: World) -> httpx.Response:
        subject = f"{'-'.join(columns)}-{world.name}"
        factories.user(world.conn, subject, **columns)
        return with_claims(sub=subject)(world)

    return request


def with_machine_token(scope: str) -> Example:
    """Return a PATCH of a machine token that acts as Alice."""

    def request(world: World) -> httpx.Response:
        machine = world.machine("alice", scope=scope)
        return machine.patch(f"/samples?id=eq.{world.open}", json={"host": "bat"})

    return request


def batch_of(arguments: dict[str, Any], **columns: Any) -> Example:
    """Return a batch of one sample."""
    return lambda world: world.alice.post(
        CREATE, json=world.batch(world.batch_sample("a", **columns)) | arguments
    )


def sample_with(**columns: Any) -> Example:
    """Return a post of one sample."""
    return lambda world: world.alice.post("/samples", json=world.sample("a") | columns)


def text(body: str) -> Example:
    """Return a post of samples, sent as it is."""
    return lambda world: world.alice.post_text("/samples", body)


def location(**columns: Any) -> Example:
    """Return an operator's post of a location."""
    return lambda world: world.olga.post("/locations", json=columns, prefer=DRY_RUN)


def private_output(world: World) -> httpx.Response:
    """Request a file of sequences as a viewer."""
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.group), "aligned_fasta"
    )
    return world.vic.get(f"/rpc/output_url?id={output}")


def output_without_credentials(world: World) -> httpx.Response:
    """Request a file in a bucket without credentials."""
    output = factories.job_output(
        world.conn, factories.job(world.conn, world.group), bucket=f"no-{world.name}"
    )
    return world.alice.get(f"/rpc/output_url?id={output}")


def open_run(world: World) -> httpx.Response:
    """Delete a queued run as a member."""
    run = factories.phylo_run(world.conn, world.group, status="queued")
    return world.alice.delete(f"/phylo_runs?id=eq.{run}")


def ended_job(world: World) -> httpx.Response:
    """Cancel an ended job as a member."""
    return world.alice.post("/rpc/cancel_job", json={"job_id": world.run})


def eleventh_webhook(world: World) -> httpx.Response:
    """Make one more webhook than a group may have."""
    for _ in range(10):
        factories.webhook(world.conn, world.group, world.users["ada"])
    given = {"group_id": world.group, "url": "https://hooks.example.org/"}
    return world.ada.post("/rpc/create_webhook", json=given)


def stranger(world: World, email: str) -> Caller:
    """Return somebody without a user, whose token has this verified address."""
    token = world.api.token(f"stranger-{world.name}", email=email, email_verified=True)
    return Caller(world.api, token)


def taken_address(world: World) -> httpx.Response:
    """Accept an invitation with the address of another user."""
    email = f"taken-{world.name}@example.org"
    factories.user(world.conn, f"taken-{world.name}", email=email)
    invited = world.ada.post(INVITE, json={"group_id": world.group, "emails": [email]}).json()
    return stranger(world, email).post(ACCEPT, json={"token": invited[0]["token"]})


def revoked_invitation(world: World) -> httpx.Response:
    """Accept an invitation that was revoked."""
    email = f"revoked-{world.name}@example.org"
    invited = world.ada.post(INVITE, json={"group_id": world.group, "emails": [email]}).json()
    world.ada.post("/rpc/revoke_invitation", json={"id": invited[0]["invitation_id"]})
    return stranger(world, email).post(ACCEPT, json={"token": invited[0]["token"]})


def explained(sample: str, user: str) -> Example:
    """Return an admin's question why a user sees a sample."""
    return lambda world: world.ada.get(
        f"/rpc/explain_access?resource=samples&id={getattr(world, sample)}"
        f"&user_id={world.users[user]}"
    )


def before_history(world: World) -> httpx.Response:
    """Ask for a time before values were kept."""
    world.conn.execute(
        "insert into aspen.audit_log (occurred_at, table_name, action, role_name, details)"
        " values ('1990-01-01', 'audit_log', 'insert', 'control', '{\"keeps\": \"values\"}')"
    )
    return world.alice.get("/rpc/samples_as_of?at=1989-12-31")


def lost_sequence(world: World) -> httpx.Response:
    """Restore a sample whose sequence is no longer kept."""
    sample = world.bare_sample(f"lost-{unique()}")
    factories.sequence(world.conn, sample)
    world.conn.execute("delete from aspen.samples where id = %s", [sample])
    world.conn.execute(
        "update aspen.replaced_sequences set sequence = null where sample_id = %s", [sample]
    )
    return world.alice.post("/rpc/restore_samples", json={"group_id": world.group, "ids": [sample]})


def last_admin(world: World) -> httpx.Response:
    """Leave a group as its only admin."""
    return world.bob.delete("/group_members")


def grant_to(grantee: str) -> Example:
    """Return a grant of the lab to another group."""
    return lambda world: world.ada.post(
        "/rpc/grant_access", json={"group_id": world.group, "grantee": grantee.format(world=world)}
    )


def private_share(world: World) -> httpx.Response:
    """Share a private sample."""
    return world.alice.post(
        "/rpc/share_sequences",
        json={"group_id": world.group, "pathogen": "SC2", "samples": [f"hidden-{world.name}"]},
    )


def run_without_pipeline(world: World) -> httpx.Response:
    """Request a run for a pathogen without a reference to align to."""
    factories.pathogen(world.conn, "HCV", lineage_caller=None, nextclade_dataset_name=None)
    return world.alice.post(RUN, json=world.run_request(pathogen="HCV"))


def run_without_data_set(world: World) -> httpx.Response:
    """Request a tree with context where the repository has no aligned data set."""
    contextual = factories.repository(world.conn, "NMDC")
    factories.pathogen(world.conn, "MEV", contextual_repository_id=contextual)
    return world.alice.post(RUN, json=world.run_request(pathogen="MEV", tree_type="OVERVIEW"))


def run_without_sequence(world: World) -> httpx.Response:
    """Request a run over a sample without a sequence."""
    name = f"bare-{world.name}"
    world.bare_sample(name)
    return world.alice.post(RUN, json=world.run_request(name))


def ambiguous_run(world: World) -> httpx.Response:
    """Request a run over a sample that two other groups have."""
    name = f"twin-{world.name}"
    for _ in range(2):
        group = factories.group(world.conn)
        factories.grant(world.conn, group, world.group)
        factories.sample(world.conn, group, public_identifier=name)
    return world.alice.post(RUN, json=world.run_request(name))


def enormous_batch(world: World) -> httpx.Response:
    """Submit one sample too many, all of them empty."""
    return world.alice.post(CREATE, json=world.batch(*[{}] * 100_001))


def enormous_export(world: World) -> httpx.Response:
    """Export six genomes of nine million bases."""
    group = factories.group(world.conn)
    factories.membership(world.conn, group, world.users["alice"])
    factories.numbered_samples(world.conn, group, 6, "ACGT" * 2_250_000)
    return world.alice.get(f"/rpc/export_sequences?pathogen=SC2&group_id={group}")


def incomplete_template(world: World) -> httpx.Response:
    """Ask for a table for GISAID without authors, addresses and an account there."""
    return world.alice.get(
        f"/rpc/submission_template?pathogen=SC2&repository=GISAID&group_id={world.group}"
    )


def keyed(key: str | bytes | None = None) -> dict[str, Any]:
    """Return the header with a key, a new one if none is given."""
    return {"Idempotency-Key": unique() if key is None else key}


def executed_before(world: World) -> httpx.Response:
    """Send a request to PostgREST twice, with the hash that the edge makes."""
    headers = keyed() | {"Aspen-Request-Hash": "0" * 64}
    headers |= {"Authorization": f"Bearer {world.alice.token}"}
    for _ in range(2):
        response = httpx.post(
            f"{world.api.direct_url}/samples", json=world.sample("executed"), headers=headers
        )
    return response


def answer_of_too_many_rows(world: World) -> httpx.Response:
    """Ask for more rows than a kept answer may have."""
    body = [world.sample(f"many-{number}") for number in range(1001)]
    return world.alice.post("/samples", json=body, headers=keyed(), prefer="return=representation")


def answer_in_csv(world: World) -> httpx.Response:
    """Ask twice for an answer that is not kept."""
    headers = keyed()
    for name in ("csv", "csv"):
        response = world.alice.post(
            "/samples",
            json=world.sample(name),
            headers=headers,
            prefer="return=representation",
            accept="text/csv",
        )
    return response


def answer_of_an_operator(world: World) -> httpx.Response:
    """Ask as a member for what the same user was answered as an operator."""
    headers = keyed()
    user = Caller(world.api, world.api.token(f"olga-{world.name}", "operator"))
    body = {"pathogen_id": world.pathogen, "lineage": "B.9"}
    assert user.post("/lineages", json=body, headers=headers).status_code == 201
    return Caller(world.api, world.api.token(f"olga-{world.name}")).get(
        "/rpc/kept_answer", headers=headers
    )


def reused_key(world: World) -> httpx.Response:
    """Send another request with a key."""
    headers = keyed()
    for name in ("one", "another"):
        response = world.alice.post("/samples", json=world.sample(name), headers=headers)
    return response


EXAMPLES: dict[str, Example] = {
    "400 incomplete_samples": incomplete_template,
    "413 batch_too_large": enormous_batch,
    "413 export_too_large": enormous_export,
    "413 answer_too_large": answer_of_too_many_rows,
    "413 body_too_large": sample_with(host="x" * 32_000_000),
    "400 ambiguous_samples": ambiguous_run,
    "400 count_not_allowed": as_member("/samples", prefer="count=planned"),
    "400 empty_batch": batch_of({"samples": []}),
    "400 invalid_argument": batch_of({"on_conflict": "replace"}),
    "303 request_was_executed": executed_before,
    "400 invalid_idempotency_key": lambda world: world.alice.post(
        "/samples", json={}, headers=keyed("")
    ),
    "400 invalid_preference": lambda world: world.alice.delete("/samples", prefer="max-affected=x"),
    "400 invalid_run": lambda world: world.alice.post(RUN, json=world.run_request(name="")),
    "400 invalid_sample": batch_of({}, location_id=0),
    "400 invalid_sequence": batch_of({}, sequence="?"),
    "400 invalid_value": as_member("/samples?collection_date=eq.soon"),
    "400 data_set_missing": run_without_data_set,
    "400 pathogen_without_runs": run_without_pipeline,
    "400 private_samples": private_share,
    "400 samples_without_sequence": run_without_sequence,
    "400 read_only_column": lambda world: world.alice.patch(
        f"/samples?id=eq.{world.bare_sample()}", json={"id": 1}
    ),
    "400 unknown_pathogen": batch_of({"pathogen": "XXX"}),
    "400 unknown_samples": lambda world: world.alice.post(RUN, json=world.run_request("nobody's")),
    "401 job_not_running": job_token,
    "401 malformed_groups": with_claims(groups=[1]),
    "401 malformed_job_id": with_claims(role="job", job_id="x"),
    "401 token_lives_too_long": with_claims(exp=10**12),
    "401 token_revoked": user_with(tokens_valid_after="2999-01-01"),
    "401 token_without_aud": with_claims(aud=None),
    "401 token_without_exp": with_claims(exp=None),
    "401 unknown_user": with_claims(sub="nobody"),
    "401 user_disabled": user_with(disabled_at="2024-02-01"),
    "403 group_access_denied": batch_of({"group_id": 0}),
    "403 output_is_private": private_output,
    "403 role_not_allowed": with_claims(role="operator"),
    "404 answer_not_found": as_member("/rpc/kept_answer", headers={"Idempotency-Key": "unknown"}),
    "404 group_not_found": grant_to("nobody"),
    "404 invitation_not_found": lambda world: world.alice.post(ACCEPT, json={"token": "x"}),
    "404 job_not_found": lambda world: world.alice.post("/rpc/cancel_job", json={"job_id": 0}),
    "403 token_is_read_only": with_machine_token(scope="read"),
    "404 machine_token_not_found": lambda world: world.ada.post(
        "/rpc/revoke_machine_token", json={"id": 0}
    ),
    "404 link_not_found": lambda world: world.nobody.get("/shared/phylo_tree/nothing.json"),
    "404 output_not_found": as_member("/rpc/output_url?id=0"),
    "404 row_not_found": explained(sample="foreign", user="ada"),
    "404 user_not_found": explained(sample="open", user="bob"),
    "404 sample_not_found": lambda world: world.alice.post(
        "/rpc/update_samples", json={"group_id": world.group, "samples": [{"id": world.foreign}]}
    ),
    "400 history_unknown": before_history,
    "410 sequence_not_kept": lost_sequence,
    "404 schema_not_found": as_member("/rpc/json_schema?of=nonsense"),
    "404 upload_not_found": as_member("/rpc/upload_links?id=0"),
    "404 tree_not_found": as_member("/rpc/phylo_tree?id=0"),
    "409 answer_not_kept": answer_in_csv,
    "409 answer_withheld": answer_of_an_operator,
    "409 email_taken": taken_address,
    "409 grant_exists": grant_to("partners-{world.name}"),
    "404 webhook_not_found": lambda world: world.ada.post("/rpc/replay_webhook", json={"id": 0}),
    "409 too_many_webhooks": eleventh_webhook,
    "409 idempotency_key_reused": reused_key,
    "409 invitation_closed": revoked_invitation,
    "409 last_admin": last_admin,
    "409 job_has_ended": ended_job,
    "409 job_in_progress": open_run,
    "409 report_exists": second_report,
    "409 too_many_uploads": upload_too_many,
    "413 group_limit_exceeded": limited(sample_with(), most_samples=0),
    "429 too_many_jobs": limited(
        lambda world: world.alice.post(
            "/rpc/create_export",
            json={"group_id": world.group, "pathogen": "SC2", "resource": "samples"},
        ),
        most_jobs_per_day=0,
    ),
    "429 too_many_requests_of_group": limited(
        lambda world: world.vic.post("/rpc/lineage_filters", json={"pathogen": "SC2"}),
        most_requests_per_day=0,
    ),
    "409 sample_exists": lambda world: world.alice.post(
        CREATE, json=world.batch(world.batch_sample(f"open-{world.name}"))
    ),
    "503 storage_unavailable": output_without_credentials,
    "400 22P02": as_member("/samples?id=eq.three"),
    "400 22003": as_member(f"/samples?id=eq.{10**20}"),
    "400 22P05": sample_with(host="a\x00b"),
    "400 22023": with_claims(role="nobody"),
    "400 2201B": as_member("/samples?host=match.((("),
    "400 21000": lambda world: world.alice.post(
        "/sequences?on_conflict=group_id,sample_id", json=[world.sequence()] * 2, prefer=MERGE
    ),
    "400 23514": location(region="Europe", division="x"),
    "400 42703": as_member("/samples?select=colour"),
    "400 42704": as_member("/samples?select=id::colour"),
    "400 42846": as_member("/sequences?select=id", accept="text/x-fasta"),
    "400 42P10": lambda world: world.alice.post("/samples", json=world.sample("a"), prefer=MERGE),
    "400 0A000": lambda world: world.ada.patch("/group_members", json={"name": "x"}),
    "400 22007": as_member("/samples?collection_date=isdistinct.x"),
    "400 22025": as_member("/samples?public_identifier=like.*%5C"),
    "400 42601": as_member("/samples?host=fts.a%20b"),
    "400 42803": as_member("/samples?select=count()&order=host"),
    "400 42804": as_member("/samples?id=sl.1"),
    "400 42809": as_member("/samples?collection_date=eq(any).{{2024-01-01}}"),
    "400 428C9": lambda world: world.alice.post("/uploads", json={"part_count": 1}),
    "400 PGRST114": lambda world: world.alice.ask("PUT", "/me?id=eq.1&limit=1", json={"id": 1}),
    "400 PGRST118": as_member("/samples?select=accessions(id)&order=accessions(id)"),
    "405 PGRST105": lambda world: world.alice.ask("PUT", "/me", json={"id": 1}),
    "400 PGRST100": as_member("/samples?id=3"),
    "400 PGRST102": text("{"),
    "400 PGRST108": as_member("/samples?locations.country=eq.x"),
    "400 PGRST109": lambda world: world.alice.patch("/samples?limit=1", json={"host": "x"}),
    "400 PGRST119": as_member("/samples?select=...accessions(id)"),
    "400 PGRST122": as_member("/samples", prefer="handling=strict, colour=red"),
    "400 PGRST124": lambda world: world.alice.delete(
        f"/samples?id=in.({world.bare_sample()},{world.bare_sample()})", prefer="max-affected=1"
    ),
    "300 PGRST201": as_member("/groups?select=group_grants(id)"),
    "400 PGRST200": as_member("/samples?select=invitations(*)"),
    "400 PGRST204": sample_with(colour="red"),
    "401 PGRST301": with_claims(exp=1),
    "401 42501": lambda world: world.nobody.get("/samples"),
    "403 42501": lambda world: world.alice.delete("/jobs"),
    "404 42P01": as_member("/colours"),
    "404 42883": as_member("/samples?select=host.sum()"),
    "404 PGRST202": as_member("/rpc/colour"),
    "405 25006": lambda world: world.alice.get(RUN, params=world.run_request() | {"samples": "{}"}),
    "405 PGRST101": lambda world: world.alice.delete("/rpc/health"),
    "400 invalid_encoding": as_member("/samples?host=eq.%ff"),
    "400 too_many_rows": cut_text,
    "400 ignored_parameter": as_member("/samples?limit=ten"),
    "400 query_too_complex": as_member("/samples?select=" + "id," * 250 + "id"),
    "400 invalid_csv": lambda world: world.alice.post_csv("/samples", f'host\n"x" {"é" * 90}\n'),
    "400 order_not_usable": lambda world: world.alice.delete(
        "/samples?limit=1&order=pathogens(slug)"
    ),
    "404 not_found": as_member("/samples/1"),
    "405 method_not_allowed": lambda world: world.alice.ask("TRACE", "/samples"),
    "414 url_too_long": as_member("/samples?host=eq." + "x" * 8192),
    "431 headers_too_large": as_member("/samples", headers={"X-Long": "x" * 40_000}),
    "406 PGRST106": as_member("/samples", headers={"Accept-Profile": "aspen"}),
    "406 PGRST116": as_member("/samples?id=eq.0", accept=OBJECT),
    "409 23503": lambda world: world.alice.post("/sequences", json=world.sequence(world.foreign)),
    "409 23505": lambda world: world.alice.post("/sequences", json=world.sequence()),
    "413 54000": location(region="".join(chr(0x4E00 + number) for number in range(9000))),
    "413 54001": lambda world: world.alice.post_text(
        CREATE,
        f'{{"group_id": {world.group}, "pathogen": "SC2", "samples": {"[" * 20000}{"]" * 20000}}}',
    ),
    "415 PGRST107": as_member("/samples", accept="application/xml"),
    "416 PGRST103": as_member("/samples", headers={"Range": "5-1"}),
}


def documented() -> set[str]:
    """Return status and code of every row of the tables."""
    page = (SETTINGS.root / "docs" / "errors.md").read_text("utf-8")
    return {f"{status} {code}" for status, code in ROW.findall(page)}


def test_no_table_has_an_error_twice() -> None:
    """Let a reader find one row with all that is to say; a merge may leave two."""
    tables = (SETTINGS.root / "docs" / "errors.md").read_text("utf-8").split("\n## ")

    assert [
        row for table in tables for row, count in Counter(ROW.findall(table)).items() if count > 1
    ] == []


def test_every_documented_error_has_an_example() -> None:
    """Have an example per documented error, and no other example."""
    assert EXAMPLES.keys() | ELSEWHERE | NEW_IN_18 == documented()


@pytest.mark.parametrize(("error", "provoke"), EXAMPLES.items(), ids=EXAMPLES.keys())
def test_documented_error_is_what_clients_get(world: World, error: str, provoke: Example) -> None:
    """Return status, code and the one JSON shape, and no name outside the schema api."""
    response = provoke(world)

    status, code = refusal(response)
    assert (f"{status} {code}", leaks(world, response)) == (error, [])


def test_errors_keep_their_shape_where_something_else_was_accepted(world: World) -> None:
    """Return JSON for a failed request that accepts CSV or FASTA."""
    response = world.nobody.get("/sequences", accept="text/x-fasta")

    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert refusal(response) == (401, "42501")


def test_refused_batch_stores_nothing(world: World) -> None:
    """Store neither samples nor sequences and jobs."""
    tables = ("samples", "sequences", "jobs")
    before = [world.count(table) for table in tables]
    batch = world.batch(
        world.batch_sample("good", sequence=GENOME), world.batch_sample("bad", location_id=0)
    )

    assert refusal(world.alice.post(CREATE, json=batch)) == (400, "invalid_sample")
    assert [world.count(table) for table in tables] == before
