"""Check what a model answered."""
