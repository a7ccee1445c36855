"""Admit one run."""
