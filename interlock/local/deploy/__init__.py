"""Deploys synthesized templates unchanged, and strictly: the unknown stops with its name."""
