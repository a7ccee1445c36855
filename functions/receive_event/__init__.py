"""Let one batch of the intake queue in."""
