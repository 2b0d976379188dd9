"""Load reference data: locations, coordinates, pathogens."""

from __future__ import annotations
