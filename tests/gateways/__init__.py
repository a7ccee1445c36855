"""Against real gateways of others, each in an environment of its own: `make test-gateways`."""
