"""AWS, model providers and systems, behind the ports."""
