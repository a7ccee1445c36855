"""Judges state machines and declarations: the Amazon States Language, and our rules on top."""
