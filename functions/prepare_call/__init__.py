"""Prepare one attempt of an AI step."""
