"""Members send large files straight to the storage, past the API."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from control.storage.credentials import current_credentials, store_credentials
from tests import factories
from tests.http.world import World, refusal, rows
from tests.servers import S3

CONTENT = b"strain\tdate\n"


@pytest.fixture(autouse=True)
def _credentials(world: World, s3: S3) -> None:
    """Store credentials as `control output credentials` does."""
    store_credentials(world.conn, current_credentials(s3.settings, s3.client))


def announced(world: World, content: bytes = CONTENT) -> dict[str, Any]:
    """Return what a member announces."""
    return {
        "group_id": world.group,
        "file_name": "samples.tsv",
        "size_bytes": len(content),
        "checksum_sha256": hashlib.sha256(content).hexdigest(),
    }


def test_member_sends_a_file(world: World, s3: S3) -> None:
    """Store it below the folder of the group, with no key but the link."""
    upload = rows(world.alice.post("/rpc/create_upload", json=announced(world)))
    [part] = upload["parts"]

    sent = httpx.put(part["url"], headers=part["headers"], content=CONTENT)

    ((folder,),) = world.conn.execute(
        "select folder from aspen.uploads where id = %s", [upload["id"]]
    ).fetchall()
    stored = s3.client.get_object(Bucket=s3.bucket, Key=f"{folder}part-00001")
    assert (sent.status_code, stored["Body"].read()) == (200, CONTENT)


def test_link_of_an_upload_takes_no_other_content(world: World) -> None:
    """Refuse another checksum of the same length."""
    [part] = rows(world.alice.post("/rpc/create_upload", json=announced(world)))["parts"]

    assert httpx.put(part["url"], headers=part["headers"], content=CONTENT.upper()).status_code in (
        400,
        403,
    )


def test_upload_is_listed_and_deleted_by_members_alone(world: World) -> None:
    """Show a viewer and a stranger nothing, and let them delete nothing."""
    upload = rows(world.alice.post("/rpc/create_upload", json=announced(world)))["id"]
    path = f"/uploads?id=eq.{upload}&select=file_name,part_count"

    seen = {who: rows(world.caller(who).get(path)) for who in ("alice", "pat", "vic", "bob")}
    world.vic.delete(path)
    left = rows(world.alice.get(path))
    deleted = world.alice.delete(path)

    row = [{"file_name": "samples.tsv", "part_count": 1}]
    assert seen == {"alice": row, "pat": row, "vic": [], "bob": []}
    assert (left, deleted.status_code, rows(world.alice.get(path))) == (row, 204, [])


def test_two_at_once_do_not_go_over_the_limit(world: World) -> None:
    """Give the last place to one of them."""
    world.conn.execute("delete from aspen.uploads where group_id = %s", [world.group])
    for _ in range(19):
        factories.upload(world.conn, world.group)

    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda caller: caller.post("/rpc/create_upload", json=announced(world)),
                [world.alice, world.ada],
            )
        )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = max(answers, key=lambda answer: answer.status_code)
    assert refusal(refused) == (409, "too_many_uploads")
