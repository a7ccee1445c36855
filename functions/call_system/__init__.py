"""Call one declared operation of a system."""
