"""A worker's return paths lie in its state directory, beside those of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from smppgate.workers.common import Common
from smppgate.workers.settings import worker_settings
from smppgate.workers.stores import home_of
from tests.workers.test_settings import SECRET, settings


@pytest.mark.parametrize("count", [2, 3, 8])
@pytest.mark.parametrize("state_dir", ["/var/lib/gate", "state"])
def test_each_worker_knows_its_home_and_those_of_the_others(count: int, state_dir: str) -> None:
    whole = settings(state_dir=state_dir, workers=count)
    common = Common.at_start(whole, count, SECRET)
    folders = [Path(state_dir).absolute() / f"worker-{it}" for it in range(1, count + 1)]
    for number in range(1, count + 1):
        home = home_of(worker_settings(common, number))
        assert home.own == folders[number - 1]
        assert home.neighbours == [it for it in folders if it != home.own]
        assert home.is_heir is (number == 1)
