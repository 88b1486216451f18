"""The built-in networks, one a file: each reads an observation into features."""
