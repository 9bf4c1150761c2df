"""How addresses are written, and that no password is."""

from __future__ import annotations

from smppgate.store.redis.access import Access, Address


def test_an_address() -> None:
    assert str(Address("::1", 5)) == "[::1]:5"
    assert str(Address("h", 5)) == "h:5"


def test_no_password_is_shown() -> None:
    assert "geheim" not in repr(Access("gate", "geheim", 15))
