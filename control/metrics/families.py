"""Write metrics in the text form of OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
END = "# EOF\n"


@dataclass(frozen=True)
class Sample:
    """One value: the end of the family's name, labels, and the number."""

    labels: Mapping[str, str]
    value: float
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """One metric with all its samples."""

    name: str
    type: str
    help: str
    samples: list[Sample] = field(default_factory=list)


def write(families: Iterable[Family]) -> str:
    """Return the text of families, without the end of an answer."""
    return "".join(line for family in families for line in _lines(family))


def _lines(family: Family) -> Iterable[str]:
    yield f"# TYPE {family.name} {family.type}\n"
    yield f"# HELP {family.name} {family.help}\n"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(text)}"' for name, text in sample.labels.items())
        within = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix}{within} {sample.value!r}\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
