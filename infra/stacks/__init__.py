"""The stacks: data that is kept, the platform, and one for each workflow."""
