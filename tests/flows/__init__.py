"""Flows: real machines, real handlers and the real templates on a laptop cloud."""
