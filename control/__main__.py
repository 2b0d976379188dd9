"""`python -m control`: the same as the console script, also where that one is missing or broken."""

from __future__ import annotations

from control.cli import main

if __name__ == "__main__":
    main()
