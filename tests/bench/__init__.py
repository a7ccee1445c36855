"""What it costs to run: each figure measured for real, against its goal."""
