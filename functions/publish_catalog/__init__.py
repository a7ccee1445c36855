"""Publish what a deployment brings to the catalog."""
