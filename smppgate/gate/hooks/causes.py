"""Why hooks, or waiting for them, end messages."""

from smppgate.gate.relay.reason import Reason

REFUSED = Reason.REJECTED.because("a hook refuses it")
ROOM_FULL = Reason.HOLD.because("hold_octets of messages wait for hooks")
UNDECIDED = Reason.NOT_BOUND.because("a hook has not decided before its session ended")
STOPPING = Reason.STOPPING.because("the gate is stopping")
