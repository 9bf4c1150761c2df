"""What all tests share."""

import os

from hypothesis import settings

EXAMPLES = os.environ.get("EXAMPLES", "")
"""How many of each property are tried, others each time. Without it the same 100: a change
does not fail for what was there before it."""

# How long an example takes is the machine's business; speed is measured in benchmarks/.
settings.register_profile(
    "unhurried", deadline=None, max_examples=int(EXAMPLES or 100), derandomize=not EXAMPLES
)
settings.load_profile("unhurried")
