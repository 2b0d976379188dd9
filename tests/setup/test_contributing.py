"""The worked changes of CONTRIBUTING.md are made in a copy of this checkout as they are written.

So is what `control sql new` scaffolds, in the same copy, because making one takes seconds.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from control.scaffolds.making import Scaffold, plan_scaffold
from tests.servers import SETTINGS

ROOT = SETTINGS.root
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
WHAT_A_CHANGE_MAY_BREAK = (
    "tests/catalog/test_conventions.py::test_no_object_breaks_the_rule",
    "tests/catalog/test_files.py::test_no_file_breaks_the_rule",
    "tests/catalog/test_generated.py::test_generated_file_is_what_the_catalogue_says",
    "tests/catalog/test_permission_matrix.py",
    "tests/catalog/test_schema_equality.py::test_migrations_and_sql_make_the_same_database",
    "tests/control/schema/test_migrate_files.py",
    "tests/http/test_api_pages.py::test_index_has_every_resource_and_function",
    "tests/http/test_errors.py::test_every_documented_error_has_an_example",
    "tests/http/test_fuzz.py::test_every_function_with_arguments_is_tried",
    "tests/http/test_openapi.py::test_description_lists_what_the_role_may_use",
    "tests/sql/test_audit_log.py::test_every_tenant_table_is_tried",
    "tests/sql/test_explain_access.py::test_every_resource_of_a_group_can_be_asked_about",
)
# One of each kind that `control sql new` makes; a long name and a short one.
SCAFFOLDS = {
    "function": "count_of_a_long_name_that_is_allowed",
    "view": "abc",
    "table": "field_notes",
}
LEFT_OUT = (".*_cache", ".aspen", ".git", ".hypothesis", ".venv*", "*.egg-info", "__pycache__")
_SECTION = re.compile(r"^## (?P<title>Add .+?)\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
# A block that says which file it is for: ```sql sql/api/functions/count_samples.sql
_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<kind>\w+) (?P<path>\S+)\n"
    r"(?P<text>.*?)^(?P=indent)(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
SECTIONS = {found["title"]: found["text"] for found in _SECTION.finditer(PAGE)}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Copy this checkout, and link what is installed beside it."""
    target = tmp_path / "aspen"
    shutil.copytree(ROOT, target, ignore=shutil.ignore_patterns(*LEFT_OUT, "node_modules"))
    (target / "node_modules").symlink_to(ROOT / "node_modules")
    return target


def make_change(copy: Path, section: str) -> None:
    """Write the new files of a section, and change the others as its diffs say."""
    number = max(int(path.name[:4]) for path in (copy / "migrations").glob("*.sql")) + 1
    for block in _BLOCK.finditer(SECTIONS[section]):
        path = copy / block["path"].replace("NNNN", f"{number:04}")
        text = textwrap.dedent(block["text"])
        if block["kind"] == "diff":
            change_file(path, block["text"], len(block["indent"]))
        else:
            assert not path.exists(), f"{block['path']} is not new"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")


def change_file(path: Path, diff: str, indent: int) -> None:
    """Apply the hunks of a diff, each to the only place where its lines are."""
    text = path.read_text("utf-8")
    for hunk in re.split(r"^ *@@\n", diff, flags=re.MULTILINE):
        lines = [line[indent:] or " " for line in hunk.splitlines()]
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        assert text.count(old) == 1, f"{path.name} has {text.count(old)} times:\n{old}"
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def of_changed_resources() -> str:
    """Choose the cells of permissions.txt about what changes; the suite tries the others anyway."""
    paths = (Path(block["path"]) for text in SECTIONS.values() for block in _BLOCK.finditer(text))
    names = sorted({path.stem for path in paths if path.is_relative_to("sql/api")})
    return " or ".join(["not test_caller_may_do_what_the_table_says", *names, *SCAFFOLDS.values()])


def run(copy: Path, *arguments: str) -> None:
    """Run a module of Python in the copy, which must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=copy,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:]


def make_scaffold(copy: Path, kind: str, name: str) -> Scaffold:
    """Write what a new object needs."""
    scaffold = plan_scaffold(copy, kind, name)
    scaffold.write(copy)
    return scaffold


def check_style(copy: Path, paths: set[str]) -> None:
    """Ask what `make lint` asks, of these files."""
    python = [path for path in paths if path.endswith(".py")]
    run(copy, "ruff", "check", "-q", *python)
    run(copy, "ruff", "format", "-q", "--check", *python)
    code = [path for path in paths if path.endswith(".sql") and path.startswith(("sql", "migr"))]
    run(copy, "sqlfluff", "lint", "--disable-progress-bar", *code)


@pytest.mark.timeout(400)
def test_worked_changes_and_scaffolds_are_complete(copy: Path) -> None:
    """Need no more than what is written there: no test of the copy misses anything."""
    for section in SECTIONS:
        make_change(copy, section)
    scaffolds = [make_scaffold(copy, kind, name) for kind, name in SCAFFOLDS.items()]
    check_style(copy, {path for made in scaffolds for path in (*made.new, *made.changed)})
    new = re.findall(r"`(tests/\S+\.py)` \(new\)", "".join(SECTIONS.values()))
    run(copy, "tests.catalog.generated", "snapshot", "docs")

    new_tests = [path for made in scaffolds for path in made.new if path.startswith("tests/")]
    run(
        copy,
        *("pytest", "-q", "-k", of_changed_resources()),
        *(*new, *new_tests, *WHAT_A_CHANGE_MAY_BREAK),
    )

    assert len(new) == len(SECTIONS)


def test_page_has_the_three_changes() -> None:
    """Explain a column, an endpoint and a kind of job."""
    assert list(SECTIONS) == ["Add a column", "Add an endpoint", "Add a kind of job"]
