"""What machines, functions and wiring say of each other, held side by side."""
