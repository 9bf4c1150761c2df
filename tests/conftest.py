"""What all tests share."""

import os

from hypothesis import settings

EXAMPLES = int(os.environ.get("EXAMPLES", "100"))
"""Of each property: ``make check`` tries 100, ``make quick`` 20."""

# How long an example takes is the machine's business; speed is measured in benchmarks/.
settings.register_profile("unhurried", deadline=None, max_examples=EXAMPLES)
settings.load_profile("unhurried")
