"""One run: its parts, its progress, its lock, its summary."""
