"""Check the API from outside: the edge, PostgREST behind it, its schema, and what is hidden."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import product
from urllib.parse import urlsplit

from control.doctor.patient import EDGE, Patient
from control.doctor.verdicts import Check, Unknown, Verdict, fail, ok, skip, warn
from control.errors import ControlError
from control.settings import Settings

# What PostgREST's admin server answers, and nothing of the API is called.
ADMIN_PATHS = ("/live", "/ready", "/config", "/schema_cache", "/metrics")
ADMIN_PORT = 3001
OLDEST_KEY = timedelta(days=365)


def edge(patient: Patient) -> Verdict:
    """Ask for what the edge answers itself."""
    try:
        status = patient.get(f"{patient.api_url}{EDGE}").status
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return fail(f"{patient.api_url} does not answer: {reason}", _start(patient, "the edge"))
    if status != 200:
        return fail(
            f"{patient.api_url}{EDGE} answers {status}: this is not our edge",
            "put nginx.conf of this checkout in front of PostgREST (docs/edge.md)",
        )
    return ok(f"{patient.api_url} answers")


def api(patient: Patient) -> Verdict:
    """Send a request that goes through PostgREST to the database."""
    status = patient.ask_api("/rpc/health").status
    if status != 200:
        return fail(f"/rpc/health answers {status}", _start(patient, "PostgREST"))
    return ok("PostgREST answers through the edge")


def schema_cache(patient: Patient) -> Verdict:
    """Ask for a function of the last load: PostgREST answers 404 until it has read it."""
    from control.schema.code import loaded_probe

    probe = loaded_probe(patient.conn)
    if probe is None:
        raise Unknown("the code of sql/ is not loaded", "control migrate up")
    status = patient.ask_api(f"/rpc/{probe}").status
    if status >= 500:
        raise Unknown("PostgREST does not answer")
    if status == 404:
        return fail(
            "PostgREST serves an older schema, or another database",
            "run NOTIFY pgrst, 'reload schema' in this database, or restart PostgREST; check"
            " that db-channel-enabled is on",
        )
    return ok("PostgREST has read the schema that was loaded last")


def admin_port(patient: Patient) -> Verdict:
    """Try to reach PostgREST's admin server from outside: it must answer only to its machine."""
    for path in ADMIN_PATHS:
        if patient.ask_api(path).status == 200:
            return fail(
                f"the edge passes {path} on to PostgREST's admin server",
                "let the edge lead to server-port only, never to admin-server-port",
            )
    for host, port in _addresses(patient):
        if _answers(host, port):
            return fail(
                f"PostgREST's admin server answers at {host}:{port}",
                "set server-host to 127.0.0.1 (postgrest.conf), or close the port",
            )
    return ok("it answers to nobody outside its machine")


def keys(patient: Patient) -> Verdict:
    """Read the keys that sign tokens: their age, those left over, and who may read them."""
    from control.tokens.keys import KEYS_FILE, load_keys

    directory = patient.settings.keys_dir
    path = directory / KEYS_FILE
    if not path.exists() and not patient.settings.is_local:
        return skip(f"no keys in {directory}: tokens are signed elsewhere")
    found = load_keys(directory)
    for file in directory.iterdir():
        if file.is_file() and file.stat().st_mode & 0o077:
            return fail(f"{file} may be read by others", f"chmod 600 {file}")
    age = datetime.now(UTC) - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    said = f"{len(found.keys)} keys, changed {age.days} days ago"
    if age > OLDEST_KEY:
        return warn(said, "control token rotate-keys, then --retire once old tokens expired")
    old = sum(not key.signs for key in found.keys)
    if old and age > timedelta(days=30):
        return warn(
            f"{said}; {old} no longer sign, and their tokens have expired",
            "control token rotate-keys --retire",
        )
    return ok(said)


def tokens(patient: Patient) -> Verdict:
    """Show PostgREST a token that these keys sign, of a user whom nobody is."""
    from control.tokens.keys import load_keys
    from control.tokens.minting import mint

    try:
        found = load_keys(patient.settings.keys_dir)
    except ControlError as error:
        raise Unknown(error.message) from error
    algorithms = {key.algorithm for key in found.keys if key.signs}
    for algorithm in sorted(algorithms):
        token = mint(
            found,
            sub="control doctor, nobody",
            role="member",
            ttl=timedelta(minutes=1),
            alg=algorithm,
        )
        answer = patient.ask_api("/rpc/health", token)
        if answer.status >= 500:
            raise Unknown("PostgREST does not answer")
        if (code := _code(answer.body)) != "unknown_user":
            return fail(
                f"the API refuses a token signed with {algorithm}: {answer.status} {code}",
                "run NOTIFY pgrst, 'reload config', or give PostgREST the keys"
                " (control token jwks --for-postgrest FILE); check the clocks",
            )
    return ok("the API knows the signatures of these keys")


def _code(body: bytes) -> str | None:
    try:
        return str(json.loads(body)["code"])
    except (ValueError, KeyError, TypeError):
        return None


def _start(patient: Patient, what: str) -> str:
    if patient.settings.is_local:
        return "control up starts what stopped, control logs shows why it did"
    return f"start {what}, and look at its log"


def _addresses(patient: Patient) -> Iterator[tuple[str, int]]:
    """Yield where no admin server may answer: the edge's host, or others of this machine."""
    host = urlsplit(patient.api_url).hostname or ""
    is_elsewhere = host != "localhost" and not _is_loopback(host)
    yield from product([host] if is_elsewhere else _own_addresses(), _admin_ports(patient.settings))


def _admin_ports(settings: Settings) -> set[int]:
    """Return the ports of all admin servers: the local stack may run several PostgREST."""
    from control.stack.components import all_apis
    from control.stack.state import State

    urls = {settings.admin_url}
    if settings.is_local:
        urls |= {one.admin_url for one in all_apis(settings, State.load(settings))}
    return {urlsplit(url).port or ADMIN_PORT for url in urls if url is not None} or {ADMIN_PORT}


def _own_addresses() -> set[str]:
    """Return the addresses under which other machines reach this one."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: this only chooses the address that a packet would have.
            probe.connect(("192.0.2.1", 9))
            found.add(str(probe.getsockname()[0]))
        except OSError:
            pass
    return {address for address in found if not _is_loopback(address)}


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _answers(host: str, port: int) -> bool:
    """Return whether an admin server answers; a shorter wait, for a firewall may drop packets."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/live")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


CHECKS = (
    Check("edge", "The edge answers", edge),
    Check("api", "PostgREST answers through the edge", api),
    Check("schema-cache", "PostgREST has read the schema that was loaded last", schema_cache),
    Check("admin-port", "PostgREST's admin server cannot be reached from outside", admin_port),
    Check("keys", "The keys that sign tokens are neither old nor open", keys),
    Check("tokens", "The API accepts tokens that these keys sign", tokens),
)
