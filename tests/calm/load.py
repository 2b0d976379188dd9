"""Clients who go on reading and writing, and what they were answered."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from control.stack.process import wait_for
from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests.stack.conftest import LocalStack

# Each client of a kind waits between requests, so that the machine is not the limit.
PAUSE_SECONDS = 0.05
CLIENTS = 3
# A client goes on sending an upload until it is answered, but not for ever.
RETRIES = 500
PATIENCE_SECONDS = 60
# What asks a client to send the same request again.
PASSING = frozenset({429, 503})
READS = (
    "/samples?limit=20&order=id.desc",
    "/samples?select=*,sample_lineages(*)&limit=20&order=id",
    "/samples?private_identifier=eq.C-0-1",
    "/rpc/manual",
    "/rpc/health",
    "/phylo_runs?limit=20",
    "/me",
    "/locations?limit=20",
    "/rpc/search_locations?query=france",
    "/sequences?select=id,sample_id&limit=20",
    "/",
)


@dataclass
class Answers:
    """What all clients were answered."""

    seconds: list[tuple[float, str]] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    # What was answered as stored, and how many seconds after it was first sent.
    stored: dict[str, float] = field(default_factory=dict)
    sent_again: int = 0
    # What is done meanwhile, for those who look for the cause of a slow answer.
    during: str = "nothing"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, asked: str, seconds: float) -> None:
        """Note how long an answer took."""
        with self.lock:
            self.seconds.append((seconds, f"{asked}, during {self.during}"))

    def note_stored(self, name: str, seconds: float) -> None:
        """Note that an upload was answered, after all its retries."""
        with self.lock:
            self.stored[name] = seconds

    def note_retry(self) -> None:
        """Note that an upload has to be sent again."""
        with self.lock:
            self.sent_again += 1

    def note_wrong(self, asked: str, answer: str) -> None:
        """Note an answer that nobody should get."""
        with self.lock:
            self.wrong[f"{asked}: {answer}"] += 1

    @property
    def slowest_read(self) -> tuple[float, str]:
        """Return the longest answer to a read, and to which."""
        return max(one for one in self.seconds if one[1].startswith("GET"))

    def quantile(self, part: float) -> float:
        """Return how long so many of the answers took at most."""
        ordered = sorted(seconds for seconds, _ in self.seconds)
        return ordered[min(int(part * len(ordered)), len(ordered) - 1)]


class Clients:
    """Readers and writers, each a thread with a connection of its own."""

    def __init__(self, local: LocalStack, group: int, location: int, seed: int) -> None:
        self.answers = Answers()
        self._local, self._group, self._location, self._seed = local, group, location, seed
        self._over = threading.Event()
        # Counts up when everybody has to take a new token.
        self._token_number = 0
        self._have: set[tuple[int, int]] = set()
        self._threads = [
            threading.Thread(target=work, args=(number,))
            for work in (self._read, self._write)
            for number in range(CLIENTS)
        ]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def renew_tokens(self) -> None:
        """Have every client take a new token, as it would before the old one expires."""
        self._token_number += 1
        wait_for(self._all_have_it, PATIENCE_SECONDS)

    def _all_have_it(self) -> bool:
        with self.answers.lock:
            return sum(number == self._token_number for number, _ in self._have) == len(
                self._threads
            )

    def _tokens(self) -> Iterator[str]:
        """Yield a client's token before each request: the same until a new one is due."""
        number, token = -1, ""
        while True:
            if number != (due := self._token_number):
                keys = load_keys(self._local.settings.keys_dir)
                token = mint(keys, sub="ada", role="member", ttl=timedelta(hours=1))
                number = due
            with self.answers.lock:
                self._have.add((number, threading.get_ident()))
            yield token

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self._local.settings.api_url}", timeout=60)

    def _read(self, number: int) -> None:
        """Ask for one thing after the other."""
        dice, tokens = random.Random(f"{self._seed} reader {number}"), self._tokens()
        with self._client() as client:
            while not self._over.wait(PAUSE_SECONDS):
                path = dice.choice(READS)
                self._get(client, path, next(tokens), said=path)

    def _get(self, client: httpx.Client, path: str, token: str, said: str) -> httpx.Response | None:
        """Ask once, and note how long it took; return the answer if it is good."""
        asked, started = f"GET {said}", time.monotonic()
        try:
            answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        except httpx.TransportError as error:
            self.answers.note_wrong(asked, type(error).__name__)
            return None
        self.answers.note(asked, time.monotonic() - started)
        if answer.status_code != 200:
            self.answers.note_wrong(asked, f"{answer.status_code} {answer.text}")
            return None
        return answer

    def _write(self, number: int) -> None:
        """Upload samples, each with a key, and send again what is not answered."""
        tokens, count = self._tokens(), 0
        with self._client() as client:
            while not self._over.wait(PAUSE_SECONDS * 4):
                count += 1
                name, started = f"C-{number}-{count}", time.monotonic()
                if self._upload(client, tokens, name):
                    self.answers.note_stored(name, time.monotonic() - started)
                    self._find(client, next(tokens), name)

    def _find(self, client: httpx.Client, token: str, name: str) -> None:
        """Read what was just written; a cookie says what that was."""
        path = "/samples?select=private_identifier&private_identifier=eq."
        answer = self._get(client, f"{path}{name}", token, said=path)
        if answer is not None and answer.json() != [{"private_identifier": name}]:
            self.answers.note_wrong("an upload read back", f"{name} is not there")

    def _upload(self, client: httpx.Client, tokens: Iterator[str], name: str) -> bool:
        sample = {
            "private_identifier": name,
            "collection_date": "2026-11-01",
            "location_id": self._location,
        }
        for _ in range(RETRIES):
            started = time.monotonic()
            try:
                answer = client.post(
                    "/rpc/create_samples",
                    json={"group_id": self._group, "pathogen": "SC2", "samples": [sample]},
                    headers={"Authorization": f"Bearer {next(tokens)}", "Idempotency-Key": name},
                )
            except httpx.TransportError:
                self.answers.note_retry()
                time.sleep(PAUSE_SECONDS)
                continue
            self.answers.note("POST /rpc/create_samples", time.monotonic() - started)
            if answer.status_code == 200:
                return True
            if answer.status_code not in PASSING:
                said = f"{answer.status_code} {answer.text}"
                self.answers.note_wrong("POST /rpc/create_samples", said)
                return False
            self.answers.note_retry()
            time.sleep(PAUSE_SECONDS)
        self.answers.note_wrong("POST /rpc/create_samples", "no answer")
        return False
