"""The running gate: Twisted protocols, factories and services around ``smppgate.routing``."""

from smppgate.gate.gateway import Gateway

__all__ = ["Gateway"]
