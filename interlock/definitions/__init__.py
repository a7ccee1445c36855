"""Reads and checks what teams declare: workflow folders and the catalog."""
