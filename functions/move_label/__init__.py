"""Move a label of the catalog."""
