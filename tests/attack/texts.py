"""Attacks with bytes that a later reader may take for more than data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.attack.stage import Stage, Trial

FORBIDDEN = (
    "\x01", "\x07", "\x1b[2J", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066",
    "\n", "\r", "\t", "\r\n>evil",
)  # fmt: skip
FORMULAS = ("=1+1", "+1", "@SUM(A1)", "-1+1", "=HYPERLINK(A1)")


def identifiers(stage: Stage) -> Iterator[Trial]:
    """Store names that a terminal, a FASTA file or a spreadsheet would obey."""
    world = stage.world
    with stage.client(world.alice.token) as http:
        # Blanks of any kind around a name are not part of it, so these stand inside.
        for number, text in enumerate((*(f"a{one}" for one in FORBIDDEN), *FORMULAS)):
            for field in ("private_identifier", "public_identifier"):
                columns = {"private_identifier": f"t{number}", field: f"{text}x{number}"}
                sample, in_batch = world.sample(**columns), world.batch_sample(**columns)
                for door, answer in (
                    ("POST", http.post("/samples", json=sample)),
                    ("PATCH", http.patch(f"/samples?id=eq.{world.open}", json=columns)),
                    ("batch", http.post("/rpc/create_samples", json=world.batch(in_batch))),
                ):
                    held = answer.status_code == 400
                    yield f"{door} {field} {text!r}: {answer.status_code}", held
        # (PostgREST makes text of any other JSON value before it is seen.)
        for value in ("a\x1b[2J", "a\u202eb", "=1+1", "", "   ", None):
            wanted = world.run_request(f"open-{world.name}", name=value)
            answer = http.post("/rpc/create_phylo_run", json=wanted)
            yield f"run named {value!r}: {answer.status_code}", answer.status_code == 400


def shapes(stage: Stage) -> Iterator[Trial]:
    """Send arguments of another shape, or with endless nesting."""
    world = stage.world
    deep = "[" * 5000 + "]" * 5000
    many = 10_000 if stage.is_short else 100_000
    samples: dict[str, dict[str, Any]] = {
        "authors of nulls": {"authors": [None] * 3 * many},
        "authors in authors": {"authors": [["a"], ["b"]]},
        "one null author": {"authors": ["A", None]},
        "a number for authors": {"authors": 3},
        "an object for a date": {"collection_date": {"a": 1}},
    }
    with stage.client(world.alice.token) as http:
        for name, columns in samples.items():
            for door, answer in (
                ("POST", http.post("/samples", json=world.sample(f"s-{name}", **columns))),
                (
                    "batch",
                    http.post(
                        "/rpc/create_samples",
                        json=world.batch(world.batch_sample(f"b-{name}", **columns)),
                    ),
                ),
                ("PATCH", http.patch(f"/samples?id=eq.{world.open}", json=columns)),
            ):
                yield f"{door} {name}: {answer.status_code}", 400 <= answer.status_code < 500
        for name, value in {
            "deep": json.loads(deep[:400] + deep[-400:]),
            "many keys": {f"k{n}": n for n in range(many)},
            "a list": [1],
            "words for an id": {"location_id": "one"},
        }.items():
            answer = http.post(
                "/rpc/create_phylo_run",
                json=world.run_request(f"open-{world.name}", template_args=value),
            )
            yield f"template_args {name}: {answer.status_code}", 400 <= answer.status_code < 500
        answer = http.post("/rpc/create_samples", json=world.batch(*[{}] * many))
        held = answer.status_code == 400 and len(answer.content) < 500_000
        yield f"{many:,} empty samples: {answer.status_code}, {len(answer.content)} bytes", held


def encodings(stage: Stage) -> Iterator[Trial]:
    """Send bytes that are not text in every part of a request."""
    world = stage.world
    with stage.client(world.alice.token) as http:
        for _ in range(40):
            noise = bytes(stage.dice.randrange(1, 256) for _ in range(20))
            encoded = "".join(f"%{byte:02x}" for byte in noise)
            header = bytes(byte for byte in noise if byte > 32) or b"x"
            for name, answer in (
                ("query", http.get(f"/samples?host=eq.{encoded}")),
                ("path", http.get(f"/{encoded}")),
                ("select", http.get(f"/samples?select={encoded}")),
                ("Accept", http.get("/samples", headers=[(b"Accept", header)])),
                ("Prefer", http.get("/samples", headers=[(b"Prefer", header)])),
                ("Range", http.get("/samples", headers=[(b"Range", header)])),
                (
                    "JSON",
                    http.post(
                        "/samples", content=noise, headers={"Content-Type": "application/json"}
                    ),
                ),
                (
                    "CSV",
                    http.post(
                        "/samples", content=b"host\n" + noise, headers={"Content-Type": "text/csv"}
                    ),
                ),
                (
                    "form",
                    http.post(
                        "/rpc/health",
                        content=noise,
                        headers={"Content-Type": "application/x-www-form-urlencoded"},
                    ),
                ),
            ):
                held = answer.status_code < 500 and (
                    answer.is_success or is_our_shape(answer.content)
                )
                yield f"{name} {noise!r}: {answer.status_code}", held


def is_our_shape(content: bytes) -> bool:
    """Tell whether an error is the JSON of docs/errors.md."""
    try:
        return sorted(json.loads(content)) == ["code", "details", "hint", "message"]
    except ValueError:
        return False
