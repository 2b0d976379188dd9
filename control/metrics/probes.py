"""Ask the parts of the platform whether they answer, and how old keys and backups are."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from control.metrics.families import END, Family, Sample
from control.settings import Settings
from control.stack.health import http_ok
from control.stack.nginx import HEALTH

# Prometheus waits 10 seconds for an answer.
WAIT_SECONDS = 4.0
# However often somebody asks, the parts are asked only this often.
KEEP_SECONDS = 5.0


def database(settings: Settings) -> str:
    """Return what the database says of itself, without the end of an answer."""
    from control.database import connect

    with connect(settings, "metrics serve") as conn:
        conn.execute("set statement_timeout = '5s'")
        row = conn.execute("select internal.metrics()").fetchone()
    return f"{row[0]}".removesuffix(END) if row else ""


def edge(settings: Settings) -> bool:
    """Return whether the edge answers."""
    return _answers(settings, HEALTH)


def api(settings: Settings) -> bool:
    """Return whether PostgREST answers through the edge, which asks the database."""
    return _answers(settings, "/rpc/health")


def s3(settings: Settings) -> bool:
    """Return whether the bucket can be reached."""
    from control.storage.s3 import make_client

    make_client(settings).head_bucket(Bucket=settings.bucket)
    return True


def certificate(settings: Settings) -> float | None:
    """Return for how many seconds the certificate of the API is valid, trusted or not."""
    from cryptography import x509

    address = urlsplit(settings.api_url or "")
    if address.scheme != "https" or address.hostname is None:
        return None
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((address.hostname, address.port or 443), WAIT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=address.hostname) as tls,
    ):
        encoded = tls.getpeercert(binary_form=True)
    if encoded is None:
        return None
    ends_at = x509.load_der_x509_certificate(encoded).not_valid_after_utc
    return (ends_at - datetime.now(UTC)).total_seconds()


def signing_keys(settings: Settings) -> float | None:
    """Return how many seconds ago the keys that sign tokens changed; None if they are elsewhere."""
    from control.tokens.keys import KEYS_FILE

    path = settings.keys_dir / KEYS_FILE
    return time.time() - path.stat().st_mtime if path.exists() else None


def backup(settings: Settings) -> float | None:
    """Return the age of the newest backup, or until when the archive is complete, in seconds."""
    from control.backups.newest import newest_backup

    folder = settings.backup_folder
    if folder is None or "://" in folder or not Path(folder).is_dir():
        return None
    newest = newest_backup(Path(folder))
    return None if newest is None else (datetime.now(UTC) - newest.moment).total_seconds()


PARTS: Mapping[str, Callable[[Settings], bool]] = {"edge": edge, "api": api, "s3": s3}
# Each returns seconds, or None for what there is not.
AGES: Mapping[str, tuple[str, Callable[[Settings], float | None]]] = {
    "aspen_certificate_expiry_seconds": ("How long the API's certificate is valid", certificate),
    "aspen_signing_keys_age_seconds": ("How long ago the signing keys changed", signing_keys),
    "aspen_backup_age_seconds": ("How old the newest backup or archive is", backup),
}


class Prober:
    """Asks all at the same time, and again after some seconds; one that hangs counts as down."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._probes: dict[str, Callable[[Settings], object]] = {
            "database": database,
            **PARTS,
            **{name: probe for name, (_, probe) in AGES.items()},
        }
        self._pool = ThreadPoolExecutor(len(self._probes), thread_name_prefix="probe")
        self._under_way: dict[str, Future[object]] = {}
        self._asked_at = float("-inf")

    def ask(self) -> tuple[list[Family], str]:
        """Return what answers and the ages that are known, and what the database says."""
        self._ask()
        up = Family("aspen_up", "gauge", "1 if this part of the platform answers")
        for part in ("database", *PARTS):
            up.samples.append(Sample({"part": part}, int(bool(self._result(part)))))
        ages = [
            Family(name, "gauge", text, [Sample({}, age)] if isinstance(age, float) else [])
            for name, (text, _) in AGES.items()
            for age in [self._result(name)]
        ]
        return [up, *ages], f"{self._result('database') or ''}"

    def close(self) -> None:
        """Ask nobody any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self) -> None:
        if time.monotonic() - self._asked_at < KEEP_SECONDS:
            return
        self._asked_at = time.monotonic()
        for name, probe in self._probes.items():
            before = self._under_way.get(name)
            if before is None or before.done():
                self._under_way[name] = self._pool.submit(probe, self._settings)
        wait(self._under_way.values(), WAIT_SECONDS)

    def _result(self, name: str) -> object:
        future = self._under_way[name]
        return None if not future.done() or future.exception() else future.result()


def _answers(settings: Settings, path: str) -> bool:
    return settings.api_url is not None and http_ok(f"{settings.api_url.rstrip('/')}{path}")
