"""The building blocks of the stacks, each with its own role written out."""
