"""Detectors of personal data: what can be told by its form, a check digit or a word beside it."""
