"""Interlock's command line, its definitions reader and the cloud on a laptop."""
