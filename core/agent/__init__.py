"""The hybrid agent: teacher, policy, and the arbiter that lets one of them act with a known probability."""
