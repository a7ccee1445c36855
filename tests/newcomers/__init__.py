"""What newcomers type: the walks of docs/first-ten-minutes.md, in a new clone, timed."""
