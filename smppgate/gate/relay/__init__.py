"""What every exchange passes through, in either direction."""
