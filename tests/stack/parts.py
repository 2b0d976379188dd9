"""List the parts of a deployment, and what each description of one calls them.

`control up`, docker-compose.yml, docs/kubernetes and docs/systemd describe the same parts: whoever
adds one to any of them adds it here, and to the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.servers import SETTINGS

KUBERNETES = SETTINGS.root / "docs" / "kubernetes"
UNITS = SETTINGS.root / "docs" / "systemd"
# The unit that runs all of `control up`.
WHOLE_STACK = "aspen-local"
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")
# The words of a command of ours. Options follow; in a list of arguments, too.
COMMAND = re.compile(r"(?<![\w/-])(?:/opt/aspen/\.venv/bin/)?control ((?:[a-z-]+ ?){2})")
OPTION = re.compile(r"(?<=\s)--[a-z-]+")


@dataclass(frozen=True)
class Part:
    """A part, its commands, and its names; a name of None says that somebody else runs it there."""

    name: str
    commands: frozenset[str]
    local: str | None
    compose: str | None
    kubernetes: str | None
    systemd: str | None


def server(local: str, compose: str | None, kubernetes: str | None, systemd: str | None) -> Part:
    """Return a server of the local stack."""
    return Part(local, frozenset(), local, compose, kubernetes, systemd)


def ours(name: str, *commands: str, local: str | None = None) -> Part:
    """Return a part of the control plane, which each description calls the same."""
    return Part(name, frozenset(commands), local, name, name, f"aspen-{name}")


PARTS = (
    # Distributions and clouds bring a unit of their own, or a managed server.
    server("postgres", "postgres", None, None),
    server("ministack", "s3", None, None),
    server("postgrest", "postgrest", "postgrest", "aspen-postgrest"),
    server("nginx", "edge", "edge", "aspen-edge"),
    # Engines and journals limit the logs themselves.
    server("logkeeper", None, None, None),
    ours("archive", "db archive", local="archive"),
    # `control up` does it each time.
    ours("migrate", "migrate up"),
    # People start these beside the local stack when they need them.
    ours("worker", "job work"),
    ours("watch", "output watch"),
    ours("credentials", "output credentials"),
    ours("mails", "mail send"),
    ours("outputs", "output verify", "output prune"),
    ours("history", "db extend-partitions", "event trim", "db trim-replaced-sequences"),
    ours("metrics", "metrics serve"),
    ours("backup", "db backup"),
    ours("drill", "db drill"),
)


def compose() -> dict[str, Any]:
    """Return the services of docker-compose.yml."""
    document = yaml.safe_load((SETTINGS.root / "docker-compose.yml").read_text())
    services: dict[str, Any] = document["services"]
    return services


def manifests() -> list[dict[str, Any]]:
    """Return every object of docs/kubernetes, with the templates of secrets."""
    files = sorted(KUBERNETES.glob("*.yaml"))
    return [
        each
        for file in files
        if file.name != "kustomization.yaml"
        for each in yaml.safe_load_all(file.read_text())
    ]


def pod_of(workload: dict[str, Any]) -> dict[str, Any]:
    """Return the template of the pods of a workload."""
    spec = workload["spec"]
    template: dict[str, Any] = spec.get("jobTemplate", workload)["spec"]["template"]
    return template


def described(kind: str) -> dict[str, str]:
    """Map each part that a description names to the text of what it runs."""
    if kind == "compose":
        return {name: as_text(service.get("command")) for name, service in compose().items()}
    if kind == "kubernetes":
        return {
            each["metadata"]["name"]: as_text(pod_of(each)["spec"]["containers"][0]["command"])
            for each in manifests()
            if each["kind"] in WORKLOADS
        }
    units = {path.stem: path for path in sorted(UNITS.glob("*.service"))}
    return {name: started(path) for name, path in units.items() if name != WHOLE_STACK}


def as_text(command: Any) -> str:
    """Return a command, a list or a text, as one text."""
    return " ".join(command) if isinstance(command, list) else f"{command or ''}"


def started(unit: Path) -> str:
    """Return the lines of a unit that start something."""
    return "\n".join(re.findall(r"^ExecStart(?:Pre)?=-?(.*)$", unit.read_text(), re.MULTILINE))


def commands_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of ours with the options it is given."""
    for line in re.split(r"[\n;]", text):
        for found in COMMAND.finditer(line):
            yield found[1].strip(), OPTION.findall(line[found.end() - 1 :])
