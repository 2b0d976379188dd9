"""Read metrics with the parser of Prometheus' own client, which rejects what is not OpenMetrics."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client.openmetrics.parser import text_string_to_metric_families


@dataclass(frozen=True)
class Metrics:
    """The samples of one answer, and the families that its heads announce."""

    families: frozenset[str]
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]

    def value(self, name: str, **labels: str) -> float | None:
        """Return the value of one sample; None if there is none."""
        return self.samples.get((name, tuple(sorted(labels.items()))))

    def names(self) -> set[str]:
        """Return the names of all samples."""
        return {name for name, _ in self.samples}

    def text(self) -> str:
        """Return all names and labels, without values."""
        return "\n".join(f"{name} {labels}" for name, labels in self.samples)


def parse(text: str) -> Metrics:
    """Return what a text says; a series that comes twice is an error."""
    families = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    series = [
        ((sample.name, tuple(sorted(sample.labels.items()))), sample.value)
        for family in families
        for sample in family.samples
    ]
    assert len(dict(series)) == len(series)
    return Metrics(frozenset(family.name for family in families), dict(series))
