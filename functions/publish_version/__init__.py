"""Publish one version of a definition without a deployment."""
