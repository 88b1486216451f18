"""Language models that learn: policies over texts and options, teams of roles, rollout servers.

`trainer/grpo` and `trainer/multi_model` train them.
"""
