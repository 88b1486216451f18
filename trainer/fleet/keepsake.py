"""What a worker remembers of the games it plays, as bytes: enough for another one to go on with them.

Most of what an agent, its rules and its recorders refer to is the same in every worker of a fleet: the facts of the
game, what was derived from them, the policy, the environments. Such parts are given by name and are not written; the
reader has its own. The rest is pickled. Only workers of one fleet exchange these bytes.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cloudpickle import Pickler  # functions that a rule has made for itself can be pickled, too


def dump(memory: object, shared: Mapping[str, object]) -> bytes:
    """`memory` without the parts that are `shared`, by name. Raises `pickle.PicklingError`, TypeError or AttributeError
    where something in it cannot be pickled."""
    file = io.BytesIO()
    _MemoryPickler(file, shared).dump(memory)
    return file.getvalue()


def load(kept: bytes, shared: Mapping[str, object]) -> Any:
    """What `dump` wrote, with the reader's own parts of the same names. Raises KeyError where it has none of a name."""
    return _MemoryUnpickler(io.BytesIO(kept), shared).load()


class _MemoryPickler(Pickler):
    def __init__(self, file: io.BytesIO, shared: Mapping[str, object]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._names = {id(part): name for name, part in shared.items()}

    def persistent_id(self, obj: object) -> str | None:
        return self._names.get(id(obj))

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is MappingProxyType:
            return MappingProxyType, (dict(obj),)
        return super().reducer_override(obj)


class _MemoryUnpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: Mapping[str, object]) -> None:
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, pid: str) -> object:
        return self._shared[pid]
