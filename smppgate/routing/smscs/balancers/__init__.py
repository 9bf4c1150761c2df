"""Which SMSC of a pool gets the next message: one module for each balancer.

Pools are small, and an SMSC's load and capacity are two integers: a balancer looks at each able
member of its pool once for a choice, and never at links.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from smppgate.routing.smscs.balancers.balancer import Balancer
from smppgate.routing.smscs.balancers.least_outstanding import LeastOutstanding
from smppgate.routing.smscs.balancers.p2c import PowerOfTwoChoices
from smppgate.routing.smscs.balancers.peak_ewma import PeakEwma
from smppgate.routing.smscs.balancers.rendezvous import Rendezvous
from smppgate.routing.smscs.balancers.round_robin import RoundRobin

__all__ = [
    "BALANCERS",
    "Balancer",
    "LeastOutstanding",
    "PeakEwma",
    "PowerOfTwoChoices",
    "Rendezvous",
    "RoundRobin",
]

BALANCERS: dict[str, Callable[[Random], Balancer]] = {
    "least_outstanding": lambda chance: LeastOutstanding(),
    "round_robin": lambda chance: RoundRobin(),
    "p2c": PowerOfTwoChoices,
    "peak_ewma": lambda chance: PeakEwma(),
    "hash": lambda chance: LeastOutstanding(),
}
"""Name in the settings → makes a balancer for messages without a key, which may need chance.

Those with a key go by `Rendezvous` in each pool; with ``hash``, nearly all have one.
"""
