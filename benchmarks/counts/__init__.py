"""What peers count of their traffic, beside what the gate says that it counted."""
