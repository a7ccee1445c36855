"""Kills workers before and after every call they make, and looks at what is left."""
