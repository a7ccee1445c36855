"""Change what a budget may spend."""
