"""The built-in rules of the curriculum, one a file."""
