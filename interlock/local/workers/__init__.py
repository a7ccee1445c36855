"""Lambda functions as warm worker processes: nothing importable but the function and its layers."""
