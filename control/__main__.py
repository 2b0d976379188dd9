"""Run `python -m control`: works where the console script is missing or broken."""

from __future__ import annotations

from control.cli import main

if __name__ == "__main__":
    main()
