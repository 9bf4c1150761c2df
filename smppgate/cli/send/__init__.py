"""``smppgate send``: sends messages and prints their answers and receipts."""

from smppgate.cli.send.command import add_arguments, run

__all__ = ["add_arguments", "run"]
