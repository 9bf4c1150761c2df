"""Networks of IP, in the notation of RFC 4632: ``10.0.0.0/8``, ``2001:db8::/32``, ``10.0.0.7``."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

import attrs

from smppgate.settings.checks import shown
from smppgate.settings.texts import Text


@attrs.frozen
class Network(Text):
    """A network, or a single address."""

    @property
    def allowed(self) -> str:
        """Some of them."""
        return '`"10.0.0.0/8"`, `"2001:db8::/32"`, `"192.0.2.7"`'

    def faults(self, text: str) -> Iterator[str]:
        """``text`` is no network, or names an address inside of one."""
        try:
            ip_network(text)
        except ValueError:
            yield f"must be a network such as 10.0.0.0/8, not {shown(text)}{_meant(text)}"


def _meant(text: str) -> str:
    """``; did you mean 10.0.0.0/8?`` for 10.0.0.7/8."""
    try:
        return f"; did you mean {ip_interface(text).network}?"
    except ValueError:
        return ""
