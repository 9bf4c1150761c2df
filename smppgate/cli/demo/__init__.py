"""``smppgate demo``: runs two ESMEs, the gate and two SMSCs in one process and checks them."""

from smppgate.cli.demo.command import add_arguments, run

__all__ = ["add_arguments", "run"]
