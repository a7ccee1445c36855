"""Replay a refused event."""
