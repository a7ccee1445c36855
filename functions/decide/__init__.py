"""Decide what is parked."""
