"""The health of a pool's members: who takes no messages for a while, and what is tried again."""
