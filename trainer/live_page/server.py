"""The page's web server: reads files, never touches a training but by leaving a command, and that needs the token.

Nothing is fetched from elsewhere: the chart library lies in the installed package `plotly`. Another web site cannot
read the page through a name of its own that leads here (the host is checked), nor run a script in it (the content
security policy), and every name and text reaches the page as data.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.env.emulator.picture import png_of
from core.exceptions import BAD_INPUT_ERRORS, HistoryError
from core.game.game_data import GameData
from core.game.state import RomTables
from core.history.store import HistoryStore
from trainer.lane_views.lane_slots import FOLDER, read_slots, told_in
from trainer.lane_views.lane_view import all_cells
from trainer.live_page.assets import asset, chart_library, filled
from trainer.live_page.messages import PageCommand, ask, read_standing, token_of
from trainer.live_page.run_data import curves_of, maps_of, metric_lines, patterns_of, runs_of
from trainer.run.curves import FILE_NAME as CURVES

LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Plotly writes style elements; nothing else is let in."""
ASSETS: Final = {"page.js": "text/javascript", "page.css": "text/css", "drawing.js": "text/javascript"}


@dataclass(frozen=True)
class ServedRun:
    """A run's folder, and what belongs to it."""

    save_dir: Path
    database: Path
    rom: Path | None
    """For the names and sizes of maps; None where it is not known."""

    @property
    def folder(self) -> Path:
        """Where training and page meet."""
        return self.save_dir / FOLDER

    @cached_property
    def game(self) -> GameData | None:
        """The data of its game; None where the ROM is not there."""
        try:
            return None if self.rom is None else RomTables.from_file(self.rom, True).game
        except BAD_INPUT_ERRORS:
            return None


def page_app(run: ServedRun, hosts: tuple[str, ...] = LOOPBACK) -> Starlette:
    """The page of a run, for a browser that reaches it under one of the names in `hosts`."""
    token = token_of(run.folder)
    script = chart_library()

    def page(_request: Request) -> Response:
        return Response(filled("page.html"), media_type="text/html")

    def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name == "plotly.js":
            return Response(script, media_type="text/javascript", headers={"cache-control": "max-age=86400"})
        if name not in ASSETS:
            return PlainTextResponse("there is no such file", 404)
        return Response(asset(name), media_type=ASSETS[name])

    def standing(_request: Request) -> Response:
        return JSONResponse({"run": read_standing(run.folder), "lanes": _lanes(run)})

    def screen(request: Request) -> Response:
        slots, lane = read_slots(run.folder), request.path_params["lane"]
        if lane >= len(slots) or not slots[lane]["seen_at_s"]:
            return PlainTextResponse("this lane has shown nothing yet", 404)
        return Response(png_of(slots[lane]["screen"]), media_type="image/png")

    def curves(request: Request) -> Response:
        rows = metric_lines(run.save_dir / CURVES, ("evaluation", "update"))
        found = _read(run, lambda store: curves_of(store, request.query_params.get("run")))
        if isinstance(found, Response):
            return found
        return JSONResponse({**found, "lines": [row for row in rows if row.get("run") == found["run"]]})

    def runs(_request: Request) -> Response:
        return _json(_read(run, runs_of))

    def patterns(_request: Request) -> Response:
        return _json(_read(run, patterns_of))

    def maps(_request: Request) -> Response:
        return JSONResponse(maps_of(all_cells(run.folder), run.game))

    async def command(request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), token.encode()):
            return PlainTextResponse("this needs the token: open the address that the training printed", 403)
        word = (await request.body())[:100].decode("utf-8", "replace")
        if word not in tuple(PageCommand):
            return PlainTextResponse(f"commands are {', '.join(PageCommand)}", 400)
        ask(run.folder, PageCommand(word))
        return PlainTextResponse(word)

    routes = [
        Route("/", page),
        Route("/static/{name}", static),
        Route("/api/standing", standing),
        Route("/api/curves", curves),
        Route("/api/runs", runs),
        Route("/api/patterns", patterns),
        Route("/api/maps", maps),
        Route("/api/command", command, methods=["POST"]),
        Route("/lane/{lane:int}.png", screen),
    ]
    return Starlette(
        routes=routes,
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)),
            Middleware(GZipMiddleware, minimum_size=2000),
            Middleware(BaseHTTPMiddleware, dispatch=_guarded),
        ],
    )


async def _guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
    response = await call_next(request)
    response.headers["content-security-policy"] = CONTENT_POLICY
    response.headers["x-content-type-options"] = "nosniff"
    response.headers["referrer-policy"] = "no-referrer"
    response.headers.setdefault("cache-control", "no-store")
    return response


def _lanes(run: ServedRun) -> list[dict[str, Any]]:
    game = run.game
    lanes: list[dict[str, Any]] = []
    for number, slot in enumerate(read_slots(run.folder)):
        group, place = tuple(slot["map"].tolist()), slot["place"].tolist()
        known = None if game is None else game.maps.get(group)  # type: ignore[arg-type]  # a MapId is such a tuple
        lanes.append(
            {
                "lane": number,
                "seen_at_s": float(slot["seen_at_s"]),
                "steps": int(slot["steps"]),
                "reward": float(slot["reward"]),
                "milestones": int(slot["milestones"]),
                "map": f"map {group[0]},{group[1]}" if known is None else known.name,
                "place": place,
                "decision": told_in(slot),
            }
        )
    return lanes


def _read(run: ServedRun, question: Callable[[HistoryStore], Any]) -> Any:
    """What the record answers; a response that says why where it cannot."""
    try:
        with HistoryStore(run.database, must_exist=True) as store:
            return question(store)
    except HistoryError as error:
        return PlainTextResponse(str(error), 404)


def _json(found: Any) -> Response:
    return found if isinstance(found, Response) else JSONResponse(found)
