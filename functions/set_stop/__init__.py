"""Set or clear an emergency stop."""
