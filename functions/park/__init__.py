"""Park a step until a person decides."""
