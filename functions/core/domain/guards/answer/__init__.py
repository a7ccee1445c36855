"""What an answer is held to besides its schema: a rule a module, each pure."""
