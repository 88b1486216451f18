"""Language models that are trained: policies over texts and options, teams of roles, rollout servers."""
