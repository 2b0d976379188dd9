"""A whole environment of a test module's own: database, API, bucket and command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from control.cli import cli
from tests.servers import S3, Api, Cluster, Database, database_names, run_api


@dataclass(frozen=True)
class Live:
    """The environment that `control up` gives a person."""

    api: Api
    s3: S3

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that point the command line to this environment."""
        return {
            **self.api.database.environment,
            **self.s3.environment,
            "ASPEN_API_URL": self.api.url,
            "ASPEN_KEYS_DIR": str(self.api.keys.directory),
        }

    def control(self, *arguments: str) -> Result:
        """Run the command line in this process, whether it succeeds or not."""
        return CliRunner().invoke(cli, arguments, env=self.environment)

    def run(self, *arguments: str) -> str:
        """Run a command that must succeed, and return what it printed."""
        result = self.control(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout


@contextmanager
def run_live(cluster: Cluster, template: Database, s3: S3, directory: Path) -> Iterator[Live]:
    """Start an API over a database of its own, and stop it at the end."""
    with (
        cluster.database(next(database_names), template.name) as database,
        run_api(database, directory) as api,
    ):
        yield Live(api, s3)
