"""The built-in text worlds, one a file; the file has the name of its world."""
