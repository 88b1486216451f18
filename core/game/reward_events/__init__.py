"""The built-in kinds of reward events; each file registers some that look at the same part of a state."""
