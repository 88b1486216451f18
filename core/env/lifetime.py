"""What holds for things with an emulator or processes inside: closed is closed, and there is no copy of them."""

from __future__ import annotations

from typing import Any, NoReturn

from core.exceptions import ClosedEnvironmentError


class Gone:
    """Stands where a closed emulator stood: whatever is asked of it raises `ClosedEnvironmentError`."""

    def __getattr__(self, name: str) -> NoReturn:
        raise ClosedEnvironmentError("the env is closed: its emulator is gone; make a new env")

    def __getitem__(self, key: Any) -> NoReturn:
        raise ClosedEnvironmentError("the env is closed: its emulator is gone; make a new env")


class Uncopied:
    """A thing that cannot be pickled or copied, and says so: it holds an emulator, processes or shared memory."""

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Raises TypeError, as `pickle` and `copy` do for what they cannot take."""
        raise TypeError(
            f"a {type(self).__name__} cannot be pickled or copied: it holds a running emulator or processes. Make "
            "another one with the same arguments; a game goes on there by save_state() and "
            'reset(options={"start_state": ...})'
        )
