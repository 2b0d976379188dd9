"""The results of benchmarks: both sides of a ratio, and whether the target is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

WIDTH = 62


@dataclass(frozen=True)
class Side:
    """One side of a comparison, measured in several rounds."""

    name: str
    rounds: tuple[float, ...]
    unit: str

    @property
    def value(self) -> float:
        """Return the median, which one disturbed round does not move."""
        return median(self.rounds)

    def __str__(self) -> str:
        spread = f"{min(self.rounds):,.4g} … {max(self.rounds):,.4g}"
        return f"  {self.name:<{WIDTH}}{self.value:>11,.4g} {self.unit}   ({spread})"


@dataclass(frozen=True)
class Target:
    """The required value of a ratio."""

    limit: float
    is_least: bool

    def is_met_by(self, ratio: float) -> bool:
        """Tell whether a measured ratio is good enough."""
        return ratio >= self.limit if self.is_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'at least' if self.is_least else 'at most'} {self.limit:g} x"


def at_least(limit: float) -> Target:
    """Require a ratio of at least this."""
    return Target(limit, is_least=True)


def at_most(limit: float) -> Target:
    """Require a ratio of at most this."""
    return Target(limit, is_least=False)


def below(limit: float) -> Target:
    """Require a number, not a ratio, of at most this."""
    return Target(limit, is_least=False)


@dataclass
class Report:
    """Results that are printed as they come, with the verdicts remembered for the end."""

    verdicts: list[tuple[str, bool]] = field(default_factory=list)

    def title(self, text: str) -> None:
        """Begin the report of a benchmark."""
        print(f"\n== {text}", flush=True)

    def note(self, text: str) -> None:
        """Print what a reader of the numbers should know."""
        print(f"  {text}", flush=True)

    def sides(self, sides: Sequence[Side]) -> None:
        """Print numbers without a verdict."""
        for side in sides:
            print(side, flush=True)

    def ratio(self, name: str, upper: Side, lower: Side, target: Target | None = None) -> None:
        """Compare upper by lower: rounds alternate, so the median of their quotients is steady."""
        quotient = median(a / b for a, b in zip(upper.rounds, lower.rounds, strict=True))
        line = f"{name}: {quotient:.2f} x"
        if target is None:
            self.note(f"→ {line}")
            return
        is_met = target.is_met_by(quotient)
        verdict = f"{line}, target {target}: {'ok' if is_met else 'MISS'}"
        self.verdicts.append((verdict, is_met))
        self.note(f"→ {verdict}")

    def bound(self, name: str, side: Side, target: Target) -> None:
        """Compare the worst round with a bound in the unit of the side."""
        is_met = target.is_met_by(max(side.rounds))
        verdict = f"{name}: {max(side.rounds):.0f} {side.unit}, target {target.limit:g}"
        self.verdicts.append((f"{verdict}: {'ok' if is_met else 'MISS'}", is_met))
        self.note(f"→ {self.verdicts[-1][0]}")

    def fail(self, name: str, error: Exception) -> None:
        """Count a benchmark that could not be measured as missed, so that the others go on."""
        self.verdicts.append((f"{name}: {error}: MISS", False))
        self.note(f"→ {self.verdicts[-1][0]}")

    def summary(self) -> bool:
        """Print every verdict once more; return whether all targets are met."""
        print("\n== Verdicts")
        for verdict, _ in self.verdicts:
            print(f"  {verdict}")
        return all(is_met for _, is_met in self.verdicts)
