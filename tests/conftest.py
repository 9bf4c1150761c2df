"""What all tests share."""

from hypothesis import settings

# How long an example takes is the machine's business; speed is measured in benchmarks/.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
