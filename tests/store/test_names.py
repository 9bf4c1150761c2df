"""The package hands on its names, each imported when it is asked for."""

from __future__ import annotations

import pytest

from smppgate import store


@pytest.mark.parametrize("name", store.__all__)
def test_each_name_is_there(name: str) -> None:
    assert getattr(store, name).__name__ == name


def test_others_are_not() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'SqliteStore'"):
        _ = store.SqliteStore  # type: ignore[attr-defined]
