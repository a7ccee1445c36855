"""Interlock's command line, its definitions reader and the cloud on a laptop."""

from interlock import shipped as shipped  # what travels inside a release becomes importable
