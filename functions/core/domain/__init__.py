"""The rules and the words of the control plane; no I/O."""
