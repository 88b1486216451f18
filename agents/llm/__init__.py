"""Language models that choose among options: back-ends, and what stands between them and the agent."""
