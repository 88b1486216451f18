"""Rules of the overworld: walk to a place and do there what the option asks for."""
