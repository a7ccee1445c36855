"""Close an attempt whose function did not come back."""
