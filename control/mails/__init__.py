"""Send the mails that wait in the table mails."""

from __future__ import annotations
