"""The laptop cloud, run on small assemblies of the tests' own."""
