"""The page in a Chromium: over a gate that is made up, and over a real one."""
