"""``smppgate load``: sends many messages over many sessions and measures their latencies."""

from smppgate.cli.load.command import add_arguments, run

__all__ = ["add_arguments", "run"]
