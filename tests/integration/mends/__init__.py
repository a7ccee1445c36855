"""The patches to moto, each with the behaviour of moto that makes it necessary."""
