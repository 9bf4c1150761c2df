"""``smppgate demo``: two ESMEs, the gate and two SMSCs in one process, and a verdict."""

from smppgate.cli.demo.command import add_arguments, run

__all__ = ["add_arguments", "run"]
