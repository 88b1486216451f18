"""The documented names of PettingLLMs: re-exports only; the code is in `core.worlds` and `trainer.at_grpo`."""
