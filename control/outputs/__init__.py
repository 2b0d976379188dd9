"""Job outputs: files in S3, verified, read and registered in one transaction per job."""

from __future__ import annotations
