"""What a person decides about a dead letter."""
