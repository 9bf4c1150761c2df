"""Return paths on disk, in files that are only ever appended to, and their indexes."""
