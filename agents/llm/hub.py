"""Where a model or an adapter lies: in a folder, in the local cache of the Hugging Face hub, or on the hub itself; and
how a folder gets there.

It is settled with at most one request. The hub's own library asks for every file in turn and tries each again and
again: a mistyped name costs a minute there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx2

from core.exceptions import ConfigurationError, LLMConnectionError

HUB_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class HubLocation:
    """Where to read a model or an adapter from."""

    name: str
    """A folder, or a name on the hub."""
    local_only: bool
    """Nothing may be asked of the network: it is a folder, or the hub is away and the cache has the model."""


def locate(source: str, marker: str = "config.json") -> HubLocation:
    """The place of a folder or hub name. `marker` is a file that every thing of that kind has.

    Raises LLMConnectionError, within `HUB_TIMEOUT_S`, when it is neither a folder nor in the cache nor on the hub.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    folder = Path(source)
    if folder.is_dir():
        if not (folder / marker).is_file():
            raise LLMConnectionError(f"the folder {source!r} has no {marker}, so it holds nothing that can be loaded")
        return HubLocation(source, True)
    if folder.exists():
        raise LLMConnectionError(f"{source!r} is a file; name the folder that holds {marker}")
    cached = False
    try:
        cached = isinstance(try_to_load_from_cache(source, marker), str)
        HfApi().model_info(source, timeout=HUB_TIMEOUT_S)
    except HFValidationError as error:
        raise LLMConnectionError(f"there is no folder {source!r}, and it is no name on the Hugging Face hub") from error
    except RepositoryNotFoundError as error:
        raise LLMConnectionError(
            f"there is no folder {source!r} here and no such name on the Hugging Face hub; mind the spelling, and set "
            "HF_TOKEN if it is private"
        ) from error
    except (OSError, httpx2.HTTPError) as error:
        if cached:
            return HubLocation(source, True)
        raise LLMConnectionError(
            f"there is no folder {source!r} here, the cache does not have it, and the Hugging Face hub cannot be "
            f"reached ({error}); mind the spelling, or download it first"
        ) from error
    return HubLocation(source, False)


def push_folder(folder: Path, name: str, *, private: bool) -> str:
    """Upload a folder to a repository on the hub, which is made if it is not there; where it lies then.

    Raises ConfigurationError for what is no name and LLMConnectionError where the hub refuses or is not reached.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfUriError, HFValidationError

    api = HfApi()
    try:
        made = api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, commit_message="Upload a policy of crystal-hybrid")
    except (HFValidationError, HfUriError) as error:
        raise ConfigurationError(f"{name!r} is no name on the Hugging Face hub: give OWNER/NAME") from error
    except (OSError, httpx2.HTTPError) as error:
        raise LLMConnectionError(
            f"the Hugging Face hub did not take {name}: {error}; set HF_TOKEN to a key that may write there"
        ) from error
    return str(made)
