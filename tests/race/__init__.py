"""Many callers on one small budget, while everything goes wrong that may."""
