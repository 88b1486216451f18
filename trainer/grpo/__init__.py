"""Group-relative policy optimisation for language models: what every trainer of texts shares."""
