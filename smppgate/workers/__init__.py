"""Several processes behind the same ports: a master that listens, and workers that are gates."""
