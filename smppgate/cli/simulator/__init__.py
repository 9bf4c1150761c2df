"""A simulated SMSC for tests: fast, reproducible, and usable within another program."""

from smppgate.cli.simulator.behaviour import Behaviour, Counts, Statistics
from smppgate.cli.simulator.smsc import SimulatedSmsc

__all__ = ["Behaviour", "Counts", "SimulatedSmsc", "Statistics"]
