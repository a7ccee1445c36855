"""Finds texts that give a model orders, layer by layer, and says why."""
