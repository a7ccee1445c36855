"""Cancel one run."""
