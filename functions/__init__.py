"""The Lambda functions of the control plane; one folder each, and what they share in core."""
