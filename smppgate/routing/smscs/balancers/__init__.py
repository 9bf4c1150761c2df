"""Which SMSC of a pool gets the next message: one module for each balancer.

Pools are small, and an SMSC's load and capacity are two integers: a balancer looks at each able
member of its pool once for a choice, and never at links.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from smppgate.routing.smscs.balancers.balancer import Balancer
from smppgate.routing.smscs.balancers.least_outstanding import LeastOutstanding
from smppgate.routing.smscs.balancers.round_robin import RoundRobin

__all__ = ["BALANCERS", "Balancer", "LeastOutstanding", "RoundRobin"]

BALANCERS: dict[str, Callable[[Random], Balancer]] = {
    "least_outstanding": lambda chance: LeastOutstanding(),
    "round_robin": lambda chance: RoundRobin(),
}
"""Name in the settings → makes a balancer, which may need chance."""
