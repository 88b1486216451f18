"""Talking to model servers: addresses, keys, time limits, and what a server says of itself."""
