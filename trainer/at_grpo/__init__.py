"""AT-GRPO: agent- and turn-wise group-relative policy optimisation for teams of language-model roles."""
