"""The built-in providers of language models, one a file."""
