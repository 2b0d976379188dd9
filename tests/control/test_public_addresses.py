"""Addresses of our own network are told from public ones, however they are written."""

from __future__ import annotations

import pytest

from control.public_addresses import is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
        "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1",
        "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ff02::1", "2001:0:1::1",
    ],
)  # fmt: skip
def test_address_that_is_not_public_is_recognised(address: str) -> None:
    """Recognise one that is written inside another as well."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_address_is_recognised(address: str) -> None:
    """Send to these."""
    assert is_public(address)
