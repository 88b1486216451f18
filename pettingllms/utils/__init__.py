"""Helper functions."""

from pettingllms.utils.cleanup import cleanup

__all__ = ["cleanup"]
