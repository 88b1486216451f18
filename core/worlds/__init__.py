"""Text worlds for one or more agents: text in, text out, seeded, branchable, and proof against farming."""
