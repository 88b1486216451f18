"""Training. `train` here is the function, although a module has the same name: it is imported eagerly."""

from pettingllms.trainer.train import train

__all__ = ["train"]
