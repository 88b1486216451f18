"""How the button policy learns: settings, network, rollout, off-policy targets, the update and its numbers."""
