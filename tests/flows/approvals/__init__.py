"""Steps that wait for people, on a clock that stands still until it is ticked."""
