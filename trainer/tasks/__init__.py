"""Short tasks: who plays them, what that comes to, and how their states are made."""
