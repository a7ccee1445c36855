"""Send one prepared attempt to its model."""
