"""Tell whether an address contains a password, take it out, and put one in.

An address is a URL or, for a database, words as libpq reads them: `host=db user=control`.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

_IN_QUERY = frozenset({"password", "sslpassword"})
_IN_WORDS = re.compile(r"\b(?:ssl)?password\s*=", re.IGNORECASE)


def has_password(url: str) -> bool:
    """Return whether the address of a database or server contains a password, in any form."""
    if "://" not in url:
        return _IN_WORDS.search(url) is not None
    try:
        parts = urlsplit(url)
    except ValueError:
        return "@" in url
    # Not parts.password: an address may name several hosts.
    user, at, _ = parts.netloc.rpartition("@")
    return (at != "" and ":" in user) or bool(
        {"password", "sslpassword"} & {*parse_qs(parts.query)}
    )


def without_password(url: str) -> str:
    """Return an address as it may be shown."""
    if not has_password(url):
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    user, at, hosts = parts.netloc.rpartition("@")
    if "://" not in url or not _IN_QUERY.isdisjoint(parse_qs(parts.query)):
        return "…"
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:…{at}{hosts}"))


def with_password(url: str, password: str) -> str:
    """Return an address without a password together with one."""
    if "://" not in url:
        escaped = password.replace("\\", "\\\\").replace("'", "\\'")
        return f"{url} password='{escaped}'"
    parts = urlsplit(url)
    user, _, hosts = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{hosts}"))
