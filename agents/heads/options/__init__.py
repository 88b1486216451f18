"""Choosing among listed options: what is seen of them, what was learned, and how it is learned."""
