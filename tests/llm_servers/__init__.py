"""A local server that speaks the wire formats of OpenAI and Anthropic and goes wrong in every way that servers do."""
