"""Register job outputs: files in S3, verified, read and stored in one transaction per job."""

from __future__ import annotations
