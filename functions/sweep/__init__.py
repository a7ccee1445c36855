"""Look at everything that is due."""
