"""Numbers of a config in their ranges: one check, and one sentence for what lies outside."""

from __future__ import annotations

from core.exceptions import ConfigurationError


def check_range(name: str, value: object, low: float, high: float, *, above: bool = False) -> None:
    """Raises ConfigurationError where `value` is no number from `low` to `high`; with `above`, `low` itself is outside.

    Infinite and not-a-number values are never inside.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        if low < value <= high or (value == low and not above):
            return
        if above and not value > low:
            raise ConfigurationError(f"{name} is {value!r}: it must be above {low:g}, and at most {high:g}")
    raise ConfigurationError(f"{name} is {value!r}: it must lie in {low:g}..{high:g}")
