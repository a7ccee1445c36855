"""The infrastructure: a CDK app that turns machines, functions and definitions into stacks."""
