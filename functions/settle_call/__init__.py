"""Settle a call that nobody had confirmed."""
