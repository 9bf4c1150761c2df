"""An SMSC to test against: fast, reproducible, and to be embedded."""

from smppgate.cli.simulator.behaviour import Behaviour, Counts, Statistics
from smppgate.cli.simulator.smsc import SimulatedSmsc

__all__ = ["Behaviour", "Counts", "SimulatedSmsc", "Statistics"]
