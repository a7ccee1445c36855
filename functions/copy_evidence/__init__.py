"""Copy evidence to the bucket that refuses overwrites."""
