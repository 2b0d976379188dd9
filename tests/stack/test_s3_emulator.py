"""The S3 emulator serves this machine's programs; web pages can only follow a link."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from control.storage.s3 import S3Uri, open_object
from tests.servers import S3, run_s3
from tests.stack.conftest import LocalStack
from tests.stack.listeners import is_loopback, listening_addresses

OURS = "http://localhost:3000"
EVIL = "http://evil.example"
NAVIGATION = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
CREDENTIAL = "test%2F20261126%2Fus-east-1%2Fs3%2Faws4_request"
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/{}/aws4_request,"
    " SignedHeaders=host, Signature=00"
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """Start an emulator as `control up` does, with one object."""
    with run_s3(tmp_path_factory.mktemp("emulator"), "aspen") as s3:
        s3.client.put_object(Bucket="aspen", Key="tree.json", Body=b"{}")
        yield s3


def url_of(s3: S3, path: str) -> str:
    """Return an address at the emulator."""
    return f"{s3.settings.s3_endpoint_url}{path}"


def link_to(s3: S3, key: str) -> str:
    """Return a link as `output_url` makes it."""
    return s3.client.generate_presigned_url("get_object", Params={"Bucket": "aspen", "Key": key})


def content(s3: S3) -> bytes:
    """Return what is in the object now."""
    return open_object(s3.client, S3Uri("aspen", "tree.json")).read()


def test_no_server_of_the_stack_listens_off_loopback(local: LocalStack) -> None:
    """Keep every server unreachable from other machines of the network."""
    pids = [pid for pid in local.pids().values() if pid is not None]
    addresses = set().union(*map(listening_addresses, pids))

    assert {int(address.rpartition(":")[2]) for address in addresses} == set(
        local.remembered()["ports"].values()
    )
    assert [address for address in sorted(addresses) if not is_loopback(address)] == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/%5fministack/reset"),
        ("POST", "/_ministack/config"),
        ("POST", "/_ministack/health"),
        ("GET", "/_ministack/sqs/messages?account=000000000000"),
        ("GET", "/_localstack/health"),
    ],
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": SIGNED.format("s3")}], ids=["", "key"])
def test_nobody_administers_the_emulator(
    emulator: S3, method: str, path: str, headers: dict[str, str]
) -> None:
    """Reject a reset, which would delete every object."""
    answer = httpx.request(method, url_of(emulator, path), headers=headers)

    assert answer.status_code == 403
    assert content(emulator) == b"{}"


def test_health_is_told_to_this_machine(emulator: S3) -> None:
    """Answer it, because `control status` asks."""
    assert httpx.get(url_of(emulator, "/_ministack/health")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/_ministack/reset", {"Origin": EVIL, "Content-Type": "text/plain"}),
        ("GET", "/_ministack/health", {"Origin": EVIL}),
        ("GET", "/_ministack/health", NAVIGATION),
        ("PUT", "/aspen/tree.json", {"Origin": EVIL, "Authorization": SIGNED.format("s3")}),
        ("PUT", "/aspen/tree.json", {"Origin": OURS, "Authorization": SIGNED.format("s3")}),
        ("PUT", "/aspen/tree.json", {"Origin": "null", "Authorization": SIGNED.format("s3")}),
        ("DELETE", "/aspen/tree.json", NAVIGATION | {"Authorization": SIGNED.format("s3")}),
        ("GET", "/aspen?list-type=2", {"Origin": OURS, "Authorization": SIGNED.format("s3")}),
        ("GET", "/aspen/tree.json", {"Origin": EVIL, "Authorization": SIGNED.format("s3")}),
        ("GET", "/aspen/tree.json", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        ("GET", "/?Action=ListQueues", NAVIGATION | {"Authorization": SIGNED.format("sqs")}),
        ("OPTIONS", "/aspen/tree.json", {"Origin": EVIL, "Access-Control-Request-Method": "PUT"}),
    ],
)
def test_no_web_page_gets_further_than_a_link(
    emulator: S3, method: str, path: str, headers: dict[str, str]
) -> None:
    """Reject its requests although the key that signs them is well known."""
    answer = httpx.request(method, url_of(emulator, path), headers=headers)

    assert answer.status_code == 403
    assert "access-control-allow-methods" not in answer.headers or headers["Origin"] == OURS
    assert content(emulator) == b"{}"


def test_person_follows_a_link_from_any_page(emulator: S3) -> None:
    """Show the file without running scripts in it and without an origin of ours."""
    answer = httpx.get(link_to(emulator, "tree.json"), headers=NAVIGATION)

    assert (answer.status_code, answer.content) == (200, b"{}")
    assert answer.headers["content-security-policy"] == "sandbox"
    assert "access-control-allow-origin" not in answer.headers


def test_page_of_another_origin_does_not_read_a_link(emulator: S3) -> None:
    """Reject it, because the page could have signed the link itself."""
    assert httpx.get(link_to(emulator, "tree.json"), headers={"Origin": EVIL}).status_code == 403


def test_web_application_of_ours_reads_a_link(local: LocalStack) -> None:
    """Allow the API's origins, and answer their preflight."""
    local.keep("for-the-page")
    link = local.link("kept/for-the-page")
    asked = {"Origin": OURS, "Access-Control-Request-Method": "GET"}

    preflight = httpx.options(link, headers=asked)
    answer = httpx.get(link, headers={"Origin": OURS})

    assert (preflight.status_code, answer.status_code) == (204, 200)
    assert {
        preflight.headers["access-control-allow-origin"],
        answer.headers["access-control-allow-origin"],
    } == {OURS}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", ""])
def test_host_of_another_name_is_refused(emulator: S3, host: str) -> None:
    """Reject it: a page can point its own name at this machine, and be of the same site."""
    url = url_of(emulator, "/aspen/tree.json")
    named = {"Host": host.format(port=urlsplit(url).port)}

    answer = httpx.get(url, headers=named | {"Authorization": SIGNED.format("s3")})

    assert (answer.status_code, answer.text) == (403, "this is not an address of the local stack\n")


def test_this_machine_is_called_by_its_names(emulator: S3) -> None:
    """Accept its address and localhost."""
    url = url_of(emulator, "/_ministack/health")
    names = [f"{name}:{urlsplit(url).port}" for name in ("127.0.0.1", "localhost", "[::1]")]

    assert [httpx.get(url, headers={"Host": name}).status_code for name in names] == [200] * 3


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"?X-Amz-Credential={CREDENTIAL}",
        f"?X-Amz-Credential={CREDENTIAL}&X-Amz-Signature=00",
        f"?X-Amz-Credential={CREDENTIAL}&X-Amz-Signature=00&X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "?AWSAccessKeyId=test&Signature=00&Expires=9999999999",
    ],
    ids=["nothing", "key", "no algorithm", "wrong signature", "version 2"],
)
def test_link_without_a_good_signature_is_refused(emulator: S3, query: str) -> None:
    """Reject a link that only names a key."""
    assert httpx.get(url_of(emulator, f"/aspen/tree.json{query}")).status_code == 403


def test_signed_link_is_good(emulator: S3) -> None:
    """Accept a link with a good signature."""
    assert httpx.get(link_to(emulator, "tree.json")).content == b"{}"
