"""A game as a file: MP4 or GIF by the ffmpeg that the extra `video` brings. Frames are written as they come."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from core.exceptions import ConfigurationError
from core.extras import needs_extra
from trainer.watching.audience import FRAMES_PER_SECOND
from trainer.watching.picture import Caption, Picture, picture_of, picture_size

EVERY_FRAMES: Final = {".mp4": 2, ".gif": 4}
"""Frames of the game for one of the film, by the file's suffix: 30 and 15 pictures a second."""
_OPTIONS: Final = {
    ".mp4": {"codec": "libx264", "pix_fmt_out": "yuv420p", "output_params": ["-crf", "20", "-movflags", "+faststart"]},
    # each picture has the colours that it needs: one palette for a whole film would have to see its end first
    ".gif": {
        "codec": "gif",
        "pix_fmt_out": "pal8",
        "output_params": [
            "-filter_complex",
            "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none:diff_mode=rectangle",
        ],
    },
}


class Film:
    """Writes a film of the game while it is entered; the file appears under its name when the film is whole."""

    is_closed = False

    def __init__(self, path: Path, scale: int = 3) -> None:
        """Raises ConfigurationError for another suffix than .mp4 and .gif, for a file that exists, and where the extra
        `video` is not installed."""
        suffix = path.suffix.lower()
        if suffix not in EVERY_FRAMES:
            raise ConfigurationError(f"cannot record {path}: its name must end with {' or '.join(EVERY_FRAMES)}")
        if path.exists():
            raise ConfigurationError(f"cannot record {path}: it exists already; name another file")
        if not path.parent.is_dir():
            raise ConfigurationError(f"cannot record {path}: there is no folder {path.parent}; make it first")
        with needs_extra("recording a film"):
            import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs]
        self._write_frames: Any = imageio_ffmpeg.write_frames  # pyright: ignore[reportUnknownMemberType]
        self.path = path
        self.pictures = 0
        self.every_frames = EVERY_FRAMES[suffix]
        self._suffix = suffix
        self._scale = scale
        self._unfinished = path.with_name(f".{path.stem}.unfinished{suffix}")
        self._writer: Generator[None, Any, None] | None = None

    @property
    def seconds(self) -> float:
        """How long the film is so far."""
        return self.pictures * self.every_frames / FRAMES_PER_SECOND

    def show(self, screen: Picture, caption: Caption) -> None:
        """Adds one picture."""
        assert self._writer is not None, "enter the film before its first picture"
        self._writer.send(picture_of(screen, caption, self._scale).tobytes())
        self.pictures += 1

    def __enter__(self) -> Film:
        writer: Generator[None, Any, None] = self._write_frames(
            str(self._unfinished),
            picture_size(self._scale),
            fps=FRAMES_PER_SECOND / self.every_frames,
            macro_block_size=2,
            ffmpeg_log_level="error",
            **_OPTIONS[self._suffix],
        )
        writer.send(None)
        self._writer = writer
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self.pictures and kind is None:
            os.replace(self._unfinished, self.path)
        else:
            self._unfinished.unlink(missing_ok=True)
