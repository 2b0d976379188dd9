"""The emulator of Step Functions that these tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers import S3, run_s3


@pytest.fixture(scope="package")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """Start an emulator with the roles that a state machine needs."""
    with run_s3(tmp_path_factory.mktemp("states"), "aspen-states", "s3,stepfunctions,iam") as s3:
        yield s3
