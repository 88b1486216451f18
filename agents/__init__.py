"""Who acts: learned policies and language models. Each vendor library is imported in exactly one file."""
