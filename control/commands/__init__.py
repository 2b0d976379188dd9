"""One thin module per command group: parse, call one plain function, print.

Code that needs the database or S3 is imported inside the commands, so that help and completion
start at once.
"""

from __future__ import annotations
