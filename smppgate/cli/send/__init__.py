"""``smppgate send``: sends one message and prints its answer and its receipt."""

from smppgate.cli.send.command import add_arguments, run

__all__ = ["add_arguments", "run"]
