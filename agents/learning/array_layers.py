"""Layers of small networks as functions of NumPy arrays: the network's numbers, to float32's last digits, for few rows.

At a few lanes the arithmetic of a small network takes microseconds. Most of the time goes into what a tensor library
does around each layer, the more since the emulator has emptied the processor's caches in between. The arrays are the
very weights of the modules (shared memory), so what an update or a checkpoint changes is seen at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Final, TypeGuard, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import nn

MOST_SHAPES: Final = 16
"""Shapes of planes whose memory a convolution keeps."""
Values = NDArray[np.float32]
ArrayLayer = Callable[[Values], Values]
Floats = TypeVar("Floats", NDArray[np.float32], NDArray[np.float64])


class NoArrayLayer(Exception):
    """The module has a layer that is not known here; the message says which."""


def array_layers(module: nn.Module) -> list[ArrayLayer]:
    """A module as functions of float32 arrays with a leading batch axis. One thread at a time may call them.

    It is made of `nn.Sequential`, `Linear`, `Conv2d` (one group, padded with zeros), `Flatten`, `ReLU` and `Tanh`, on
    the CPU. Raises NoArrayLayer for anything else.
    """
    one_thread()
    if isinstance(module, nn.Sequential):
        return [layer for child in module for layer in array_layers(child)]
    if type(module) is nn.Linear:
        return [_linear(module)]
    if is_plain_convolution(module):
        return [_Convolution(module)]
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) == (1, -1):
        return [lambda values: values.reshape(len(values), -1)]
    if type(module) is nn.ReLU:
        return [lambda values: np.maximum(values, 0)]
    if type(module) is nn.Tanh:
        return [np.tanh]
    raise NoArrayLayer(f"{type(module).__name__} is no layer that is computed with arrays")


def is_plain_convolution(module: nn.Module) -> TypeGuard[nn.Conv2d]:
    """In one group, padded with zeros."""
    return type(module) is nn.Conv2d and module.groups == 1 and module.padding_mode == "zeros"


def through_arrays(layers: Sequence[ArrayLayer], values: Values) -> Values:
    """What comes out of the last of them."""
    for layer in layers:
        values = layer(values)
    return values


def softmax(logits: Floats) -> Floats:
    """Over the last axis; `logits` is overwritten."""
    logits -= logits.max(axis=-1, keepdims=True)
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=-1, keepdims=True)
    return logits


@functools.cache
def one_thread() -> None:
    """Products of matrices take one thread of this process, as torch does: at this size more only wait for each
    other."""
    threadpool_limits(1, user_api="blas")


def _linear(module: nn.Linear) -> ArrayLayer:
    weight = module.weight.detach().numpy().T
    if module.bias is None:
        return lambda rows: rows @ weight
    bias = module.bias.detach().numpy()

    def layer(rows: Values) -> Values:
        made = rows @ weight
        made += bias
        return made

    return layer


class _Window:
    """What a convolution sees of planes of one shape, as columns; the memory is used again."""

    def __init__(self, shape: tuple[int, ...], module: nn.Conv2d, *, apart: bool = False) -> None:
        """`apart`: the columns of each row are a matrix of their own."""
        rows, channels, height, width = shape
        assert not isinstance(module.padding, str)
        (pad_y, pad_x), (kernel_y, kernel_x) = module.padding, module.kernel_size
        (apart_y, apart_x), (stride_y, stride_x) = module.dilation, module.stride
        padded = np.zeros((rows, channels, height + 2 * pad_y, width + 2 * pad_x), np.float32)
        self.planes = padded[:, :, pad_y : pad_y + height, pad_x : pad_x + width]
        """Where the planes are put."""
        high = (padded.shape[2] - apart_y * (kernel_y - 1) - 1) // stride_y + 1
        wide = (padded.shape[3] - apart_x * (kernel_x - 1) - 1) // stride_x + 1
        per_row, per_channel, per_y, per_x = padded.strides
        window, places = (channels, kernel_y, kernel_x), (high, wide)
        in_window, to_place = (per_channel, apart_y * per_y, apart_x * per_x), (stride_y * per_y, stride_x * per_x)
        if apart:
            self._seen = as_strided(padded, (rows, *window, *places), (per_row, *in_window, *to_place))
        else:
            self._seen = as_strided(padded, (*window, rows, *places), (*in_window, per_row, *to_place))
        self._columns = np.empty(self._seen.shape, np.float32)
        size = channels * kernel_y * kernel_x
        self._as_matrix = self._columns.reshape((rows, size, -1) if apart else (size, -1))
        self.made = (rows, module.out_channels, high, wide) if apart else (module.out_channels, rows, high, wide)
        """Shape of what comes out."""

    def columns(self) -> Values:
        """One column for each place of the kernel: (n, rows * places), or (rows, n, places)."""
        np.copyto(self._columns, self._seen)
        return self._as_matrix


class PlaneColumns:
    """Those of one convolution, by the shape of the planes."""

    def __init__(self, module: nn.Conv2d, *, apart: bool = False) -> None:
        if isinstance(module.padding, str):
            raise NoArrayLayer(f"a convolution with padding {module.padding!r} is not computed with arrays")
        self._module = module
        self._apart = apart
        self._by_shape: dict[tuple[int, ...], _Window] = {}

    def of(self, planes: Values) -> _Window:
        """The one that has been given these planes."""
        window = self._by_shape.get(planes.shape)
        if window is None:
            if len(self._by_shape) >= MOST_SHAPES:
                self._by_shape.clear()
            window = self._by_shape[planes.shape] = _Window(planes.shape, self._module, apart=self._apart)
        window.planes[...] = planes
        return window


class _Convolution:
    """Planes (n, channels, height, width), of any type of number, as one product of matrices."""

    def __init__(self, module: nn.Conv2d) -> None:
        self._windows = PlaneColumns(module)
        self._kernels = module.weight.detach().view(module.out_channels, -1).numpy()
        self._bias = None if module.bias is None else module.bias.detach().view(-1, 1).numpy()

    def __call__(self, planes: Values) -> Values:
        window = self._windows.of(planes)
        made = self._kernels @ window.columns()
        if self._bias is not None:
            made += self._bias
        return made.reshape(window.made).transpose(1, 0, 2, 3)
