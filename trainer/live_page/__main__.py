"""The process that a training starts for its page: python -m trainer.live_page SAVE_DIR DATABASE ROM HOST PORT URL."""

from __future__ import annotations

import sys
from pathlib import Path

from trainer.live_page.server import ServedRun
from trainer.live_page.serving import serve

if __name__ == "__main__":
    save_dir, database, rom, host, port, _url = sys.argv[1:]
    serve(ServedRun(Path(save_dir), Path(database), Path(rom)), host, int(port), ends_with_input=True)
