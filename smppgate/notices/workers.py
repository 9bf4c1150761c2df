"""SG-62…: the workers of a gate that has several processes. SG-95…: mistakes between them."""

from smppgate.txsmpp.notice import Notice

COMMAND_FAILED = Notice(
    code="SG-9501",
    name="a command between master and worker failed",
    level="critical",
    text="the command {command} of another process of this gate failed",
    meaning="What was asked is not done, and the process that asked is told so. Others go on.",
    cause="A mistake in the program.",
    remedy="Report it, with the lines behind this one.",
)
