"""What an outsider does to a cloud of the shipped templates."""
