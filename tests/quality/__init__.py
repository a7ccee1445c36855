"""How far the product agrees with cases from the world outside: `make quality`."""
