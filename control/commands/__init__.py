"""One thin module per noun: parse, call one plain function, print.

What a command needs of the database or of S3 is imported where it is used, so that help, completion
and everything else that needs neither start at once.
"""

from __future__ import annotations
