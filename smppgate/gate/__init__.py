"""The running gate: Twisted protocols, factories and services around ``smppgate.routing``."""

from smppgate.gate.gateway import Gateway
from smppgate.gate.sessions.listener import CannotListen

__all__ = ["CannotListen", "Gateway"]
