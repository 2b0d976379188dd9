"""Clients that were generated from the API's description, used against the running API."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.http.world import REPRESENTATION, Caller, World, rows
from tests.names import unique
from tests.servers import SETTINGS

SCRIPT = Path(__file__).with_name("generated.mts")
BIN = SETTINGS.root / "node_modules" / ".bin"
SECONDS = 60
COMPILE = (
    *("--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext"),
    *("--skipLibCheck", "--types", "node"),
)


def save_description(caller: Caller, folder: Path) -> Path:
    """Save the description as the caller receives it."""
    path = folder / "openapi.json"
    path.write_text(json.dumps(rows(caller.get("/"))))
    return path


def run(*command: str | Path, folder: Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run a program to its end, whatever its exit code."""
    return subprocess.run(
        command, input=given, capture_output=True, text=True, cwd=folder, timeout=SECONDS
    )


class Generated:
    """A Python package that openapi-python-client made for one caller."""

    def __init__(self, world: World, name: str) -> None:
        self.name = name
        self.access = {"base_url": world.api.url, "token": world.alice.token}

    def module(self, path: str) -> Any:
        """Return one of its modules."""
        return importlib.import_module(f"{self.name}.{path}")

    def call(self, path: str, **arguments: Any) -> Any:
        """Make one request and return what the client makes of the answer."""
        package: Any = importlib.import_module(self.name)
        with package.AuthenticatedClient(**self.access) as client:
            return self.module(f"api.{path}").sync(client=client, **arguments)


@pytest.fixture(scope="module")
def generated(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generated]:
    """Generate a client for a member, and import it."""
    folder = tmp_path_factory.mktemp("generated")
    name = f"client_{unique()}".replace("-", "_")
    # What it makes is formatted otherwise, which takes longer than making it.
    (folder / "config.json").write_text('{"post_hooks": []}')
    made = run(
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"),
        *("--config", folder / "config.json"),
        *("--path", save_description(world.alice, folder), "--output-path", folder / name),
        folder=folder,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.syspath_prepend(folder)
        yield Generated(world, name)


def test_python_client_lists_rows(world: World, generated: Generated) -> None:
    """Return rows as objects with the types of their columns."""
    found = generated.call("samples.get_samples", id=f"in.({world.open},{world.hidden})")

    assert [(sample.id, sample.private_identifier, sample.collection_date) for sample in found] == [
        (world.open, f"open-{world.name}", date(2024, 2, 1)),
        (world.hidden, f"hidden-{world.name}", date(2024, 2, 1)),
    ]


def test_python_client_stores_rows(world: World, generated: Generated) -> None:
    """Send rows, and return them as stored."""
    row = generated.module("models").SamplesInsert.from_dict(world.sample("generated"))

    (stored,) = generated.call("samples.post_samples", body=[row], prefer=REPRESENTATION)

    assert (stored.private_identifier, stored.is_private) == ("generated", False)


def test_python_client_refuses_a_row_without_required_columns(generated: Generated) -> None:
    """Find the mistake before the request."""
    with pytest.raises(TypeError, match="collection_date"):
        generated.module("models").SamplesInsert(group_id=1, pathogen_id=1, location_id=1)


def test_python_client_calls_functions(world: World, generated: Generated) -> None:
    """Send a batch, and read a tree."""
    arguments = generated.module("models").CreateSamplesArguments.from_dict(
        world.batch(world.batch_sample("in a batch"))
    )

    (created,) = generated.call("functions.call_create_samples", body=arguments)
    tree = generated.call("functions.get_phylo_tree", id=world.tree, id_style="public")

    assert (created["outcome"], sorted(tree)) == ("created", ["meta", "tree", "version"])


def test_python_client_returns_errors(generated: Generated) -> None:
    """Return an error as an object with its code."""
    error = generated.call("functions.get_phylo_tree", id=0)

    assert (type(error).__name__, error.code) == ("Error", "tree_not_found")


@pytest.fixture(scope="module")
def types(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the types of the API for a member."""
    folder = tmp_path_factory.mktemp("types")
    made = run(
        *(BIN / "openapi-typescript", save_description(world.alice, folder), "-o", "api.d.ts"),
        folder=folder,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "api.d.ts"


# mistake -> what is written instead of what
MISTAKES = {
    "an unknown column": ("sample.private_identifier", "sample.colour"),
    "a text for an id": ("query: { id: tree }", "query: { id: `${tree}` }"),
    "an unknown path": ('"/samples"', '"/locations_of_others"'),
    "a missing column": ("body: [row]", "body: [{ group_id: 1 }]"),
}


@dataclass(frozen=True)
class Compiled:
    """Programs that use these types: the right one and one for each mistake."""

    program: Path
    errors: list[str]

    def errors_of(self, name: str) -> list[str]:
        """Return the errors in one of them."""
        return [line for line in self.errors if line.startswith(f"{name}(")]


def name_of(mistake: str) -> str:
    """Return the name of the program with a mistake."""
    return f"{mistake.replace(' ', '_')}.mts"


@pytest.fixture(scope="module")
def compiled(types: Path) -> Compiled:
    """Compile all at once, as strictly as the compiler can, because its start takes seconds."""
    folder = types.parent
    (folder / "node_modules").symlink_to(SETTINGS.root / "node_modules")
    text = SCRIPT.read_text()
    (folder / SCRIPT.name).write_text(text)
    for mistake, (right, wrong) in MISTAKES.items():
        assert right in text
        (folder / name_of(mistake)).write_text(text.replace(right, wrong))
    done = run(
        BIN / "tsc", *COMPILE, SCRIPT.name, *(name_of(mistake) for mistake in MISTAKES),
        folder=folder,
    )  # fmt: skip
    return Compiled(folder / SCRIPT.name, done.stdout.splitlines())


def test_typescript_client_compiles_and_runs(world: World, compiled: Compiled) -> None:
    """Read, store, call and get an error, with the types of the description."""
    given = {
        "url": world.api.url,
        "token": world.alice.token,
        "ids": [world.open, world.hidden],
        "row": world.sample("typed"),
        "tree": world.tree,
    }

    answer = run(
        "node",
        compiled.program.with_suffix(".mjs"),
        folder=compiled.program.parent,
        given=json.dumps(given),
    )

    assert (compiled.errors_of(SCRIPT.name), answer.stderr) == ([], "")
    assert json.loads(answer.stdout) == {
        "names": [f"open-{world.name}", f"hidden-{world.name}"],
        "stored": ["typed"],
        "tree": ["meta", "tree", "version"],
        "code": "tree_not_found",
    }


@pytest.mark.parametrize("mistake", MISTAKES)
def test_typescript_client_does_not_compile(compiled: Compiled, mistake: str) -> None:
    """Find mistakes before the request."""
    assert compiled.errors_of(name_of(mistake)) != []
