"""Who uses the platform meanwhile: people who ask for things, and readers of what happened.

Every request has a key of its own and is sent until it is answered, as a careful client does.
"""

from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from control.tokens.keys import load_keys
from control.tokens.minting import mint
from tests.chaos.fates import fate
from tests.chaos.stage import Stage

GENOME = "ACGT" * 250
PAUSE_SECONDS = 0.3
# Between two looks at what happened.
LOOK_SECONDS = 1.0
PAGE = 50
# What may be answered while something is being restarted.
PASSING = frozenset({429, 500, 502, 503, 504})


@dataclass
class People:
    """One client, what it was promised, and what it has read."""

    stage: Stage
    dice: random.Random
    over: threading.Event = field(default_factory=threading.Event)
    # By private identifier, the id that was answered; by name, the id of a run.
    samples: dict[str, int] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    changed: list[int] = field(default_factory=list)
    read: list[dict[str, Any]] = field(default_factory=list)
    # What was answered that should not have been.
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        settings = self.stage.local.settings
        token = mint(
            load_keys(settings.keys_dir), sub="ada", role="member", ttl=timedelta(hours=12)
        )
        self._http = httpx.Client(
            base_url=f"{settings.api_url}",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def ask(self, method: str, path: str, body: Any = None, key: str | None = None) -> Any:
        """Send a request until it is answered, and return the answer."""
        headers = {"Idempotency-Key": key} if key else {}
        while True:
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx.TransportError:
                time.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code == 500:
                self.wrong.append(f"{method} {path}: 500 {answer.text}")
            if answer.status_code not in PASSING:
                self.stage.count.up()
                if answer.is_error:
                    raise LookupError(f"{method} {path}: {answer.status_code} {answer.text}")
                return answer.json() if answer.content else None
            time.sleep(PAUSE_SECONDS)

    def subscribe(self, url: str) -> str:
        """Make a webhook of all events, and return its secret."""
        made = self.ask("POST", "/rpc/create_webhook", {"group_id": self.stage.group, "url": url})
        return str(made[0]["secret"])

    def ask_for_jobs(self, jobs: int) -> None:
        """Upload, change and ask for runs until so many jobs are queued."""
        number = 0
        while jobs > 0:
            number += 1
            wish = self.dice.choices(("samples", "run", "export", "change"), (8, 2, 1, 2))[0]
            if not self.samples or (wish == "samples" and jobs > 1):
                jobs -= self._upload(number)
            elif wish == "change":
                self._change(number)
            elif wish == "export":
                self._post(number, "create_export", resource="samples", format="csv")
                jobs -= 1
            else:
                self._ask_for_run(number)
                jobs -= 1

    def _post(self, number: int, function: str, **arguments: Any) -> Any:
        body = {"group_id": self.stage.group, "pathogen": "CHA"} | arguments
        return self.ask("POST", f"/rpc/{function}", body, f"chaos-{self.stage.seed}-{number}")

    def _upload(self, number: int) -> int:
        """Upload some samples with sequences, which queue two jobs."""
        names = [f"S-{number}-{one}" for one in range(self.dice.randint(1, 4))]
        self._post(
            number,
            "create_samples",
            samples=[
                {
                    "private_identifier": name,
                    "public_identifier": f"PUB/{name}",
                    "collection_date": "2024-02-01",
                    "location_id": 1,
                    "sequence": GENOME,
                }
                for name in names
            ],
        )
        quoted = ",".join(f'"{name}"' for name in names)
        for row in self.ask(
            "GET", f"/samples?select=id,private_identifier&private_identifier=in.({quoted})"
        ):
            if row["private_identifier"] in self.samples:
                self.wrong.append(f"sample {row['private_identifier']} is there twice")
            self.samples[row["private_identifier"]] = row["id"]
        if missing := [name for name in names if name not in self.samples]:
            self.wrong.append(f"samples {missing} were accepted and are not there")
        return 2

    def _change(self, number: int) -> None:
        """Change a sample."""
        sample = self.samples[self.dice.choice(sorted(self.samples))]
        self.ask("PATCH", f"/samples?id=eq.{sample}", {"host": f"host {number}"})
        self.changed.append(sample)

    def _ask_for_run(self, number: int) -> None:
        """Ask for a tree of some samples."""
        names = self.dice.sample(sorted(self.samples), min(3, len(self.samples)))
        name = f"Run {number}"
        [run] = self._post(
            number, "create_phylo_run", name=name, tree_type="NON_CONTEXTUALIZED", samples=names
        )
        self.runs[name] = run["id"]

    def look_after_jobs(self) -> None:
        """Cancel the jobs that hang, and retry half of those; until the end."""
        retried: set[int] = set()
        while not self.over.wait(LOOK_SECONDS):
            running = self.ask("GET", "/jobs?select=id,attempt,status&status=in.(running,failed)")
            for job in running:
                what = fate(self.stage.seed, job["id"], job["attempt"])
                if job["status"] == "running" and what == "hangs" and self._has_started(job):
                    self._try("cancel_job", job["id"])
                elif (job["status"], what) != ("failed", "fails") or job["id"] in retried:
                    continue
                elif job["id"] % 2:
                    retried.add(job["id"])
                    self._try("retry_job", job["id"])

    def _has_started(self, job: dict[str, Any]) -> bool:
        return any(self.stage.ledger.glob(f"{job['id']}-{job['attempt']}-*"))

    def _try(self, name: str, job_id: int) -> None:
        """Ask for something that may have become impossible meanwhile."""
        try:
            self.ask("POST", f"/rpc/{name}", {"job_id": job_id})
        except LookupError as error:
            if " 409 " not in f"{error}":
                self.wrong.append(f"{error}")

    def follow(self) -> None:
        """Read the feed to its end, as a subscriber who remembers the last id."""
        while True:
            is_last = self.over.is_set()
            last = self.read[-1]["id"] if self.read else 0
            events = self.ask("GET", f"/events?id=gt.{last}&order=id&limit={PAGE}")
            self.read += events
            if is_last and not events:
                return
            if not events:
                self.over.wait(LOOK_SECONDS)


def delivered(received: list[tuple[str, dict[str, str], bytes]]) -> list[int]:
    """Return the ids of the events that a webhook got, in this order."""
    return [event["id"] for _, _, body in received for event in json.loads(body)["data"]["events"]]
