"""Complete one run."""
