"""First versions of what people write: AI tasks, workflows, a repository of their own."""
