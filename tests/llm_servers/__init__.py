"""A local server that speaks the wire formats of OpenAI and Anthropic, and can go wrong in every way that servers do."""
