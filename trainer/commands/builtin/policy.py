"""`crystal-agent policy ...`: hand the learned policy on: as heads, as a zip for SB3, with a card, to the hub.

Nothing of it touches a network but `push`.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from agents.heads.learner import HeadsLearner
from agents.heads.saved_heads import WEIGHTS_FILE, save_heads
from agents.learning.sb3_export import save_for_sb3
from agents.llm.hub import push_folder
from core.exceptions import ConfigurationError
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.commands.registry import COMMANDS
from trainer.run.frozen_policy import frozen_policy
from trainer.run.policy_card import pack_policy
from trainer.settings import load_settings

app = typer.Typer(help="Hand the learned policy on.", no_args_is_help=True)
COMMANDS.register("policy")(app)

Config = Annotated[Path, typer.Option(help="The config of the run.")]
Checkpoint = Annotated[str, typer.Option(help="latest, best_model, a name in save_dir, or a path.")]
DEFAULT_CONFIG = Path("config.json")


@app.command()
def sb3(
    target: Annotated[Path, typer.Argument(help="The zip to write; must not exist.")],
    config: Config = DEFAULT_CONFIG,
    checkpoint: Checkpoint = "latest",
) -> None:
    """Write a zip for MaskablePPO.load of sb3-contrib. SB3's zips execute code when loaded: trust their maker."""
    save_for_sb3(frozen_policy(load_settings(config), checkpoint).learner, target)
    print(f'wrote {target}: model = MaskablePPO.load("{target}")')


@app.command()
def heads(
    folder: Annotated[Path, typer.Argument(help="The folder to write; must not exist.")],
    config: Config = DEFAULT_CONFIG,
    checkpoint: Checkpoint = "latest",
) -> None:
    """Write both heads, for `evaluate --checkpoint FOLDER` and for `heads.start_from` of another training."""
    policy = frozen_policy(load_settings(config), checkpoint)
    if not isinstance(policy.learner, HeadsLearner):
        raise ConfigurationError('this policy has no heads: it was trained with "policy": "sb3"')
    if folder.exists():
        raise ConfigurationError(f"{folder} exists already; name a folder that does not")
    folder.mkdir(parents=True)
    save_heads(folder / WEIGHTS_FILE, replace(policy.learner.heads, game=policy.rom.game.name))
    print(f"wrote {folder / WEIGHTS_FILE}")


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="The folder to write; must not exist.")],
    config: Config = DEFAULT_CONFIG,
    checkpoint: Checkpoint = "latest",
) -> None:
    """Write a folder with the checkpoint's files and a card that describes the policy."""
    settings = load_settings(config)
    pack_policy(frozen_policy(settings, checkpoint), CheckpointStore(settings.save_dir), checkpoint, folder)
    print(f"wrote {folder}: README.md is the card")


@app.command()
def push(
    name: Annotated[str, typer.Argument(help="OWNER/NAME on the Hugging Face hub; made if it is not there.")],
    config: Config = DEFAULT_CONFIG,
    checkpoint: Checkpoint = "latest",
    public: Annotated[bool, typer.Option("--public", help="Everybody may see a repository that is made.")] = False,
) -> None:
    """Upload what `pack` writes to the Hugging Face hub. HF_TOKEN has the key, HF_ENDPOINT another server."""
    settings = load_settings(config)
    policy = frozen_policy(settings, checkpoint)
    with tempfile.TemporaryDirectory(prefix="crystal-hybrid-policy-") as folder:
        packed = Path(folder) / "policy"
        pack_policy(policy, CheckpointStore(settings.save_dir), checkpoint, packed)
        address = push_folder(packed, name, private=not public)
    print(f"pushed to {address}")
