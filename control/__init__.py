"""The control plane of Aspen: does what a database cannot do for itself."""

from __future__ import annotations
