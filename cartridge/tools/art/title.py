"""The title picture."""
