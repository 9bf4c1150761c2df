"""What passes through a running gate, to those who look at it: live, or as a file for Wireshark.

A `View` is what one of them sees. It has a `Watch` on each session that is of interest, which is a
`Tap` of that session: so it sees what the session reads and writes, below the lanes and whatever
becomes of it. `Traffic` has all views. Sessions without a watch cost one comparison a read and one
a write, and there is no other cost.
"""

from smppgate.observe.traffic.interest import Interest
from smppgate.observe.traffic.traffic import MOST_VIEWS, TooManyViews, Traffic
from smppgate.observe.traffic.view import Form, View

__all__ = ["MOST_VIEWS", "Form", "Interest", "TooManyViews", "Traffic", "View"]
