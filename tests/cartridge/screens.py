"""Pictures of every screen of the game, to be looked at, and the contact sheet of the handbook.

    python -m tests.cartridge.screens FOLDER            # one PNG a screen
    python -m tests.cartridge.screens FOLDER --sheet docs/images/fernvale_screens.png

The game is set up and played as in the tests; what is seen is what a player sees. Needs Pillow.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from cartridge.tools.content import read_content
from cartridge.tools.scripts import OPERATIONS
from tests.cartridge.console import Console
from tests.cartridge.stage import STRONG, Stage
from tests.cartridge.stage import state as early_state
from tests.cartridge.starting_points import state
from tests.cartridge.test_growth import let_evolve

MAP_SIGN_FRAMES = 150
PASSING = ("sign, printing", "START menu, line 5", "evolution, later", "through a door", "white-out 1", "credits 3")
"""Beginnings of names that the contact sheet leaves out: moments between others, and what it shows already."""
COLUMNS, GAP, GROUND = 8, 4, (32, 40, 48)
WIDTH, HEIGHT = 160, 144
END = OPERATIONS.index("end")
Pictures = dict[str, Image.Image]


def stage_at(saved: bytes) -> Stage:
    stage = Stage(Console())
    stage.console.load(saved)
    return stage


class Album:
    """Pictures by name, in the order in which they were taken."""

    def __init__(self) -> None:
        self.pictures: Pictures = {}

    def take(self, name: str, stage: Stage, frames: int = 20) -> None:
        """What the screen shows after that many more frames."""
        stage.console.tick(frames)
        for _ in range(2):  # the very first picture of an emulator has its window one line too high
            stage.console.pyboy.tick(1, True)
        self.pictures[name] = Image.fromarray(stage.console.pyboy.screen.ndarray[:, :, :3].copy())

    # ------------------------------------------------------------ the scenes

    def opening(self) -> None:
        stage = Stage(Console())
        stage.console.tick(120)
        self.take("title", stage)
        stage.tap("start")
        self.take("new game", stage)
        stage.tap("a")
        self.take("introduction", stage, 60)
        stage.mash("a", stage.free)
        self.take("bedroom", stage)
        stage.console.close()
        stage = stage_at(state("continue"))
        stage.console.tick(120)
        stage.tap("start")
        self.take("continue", stage)
        stage.tap("a")
        self.take("saved game", stage)
        stage.console.close()

    def maps(self) -> None:
        """Every map, at its first warp, or walked into where it has none."""
        stage = stage_at(state("late"))
        names = [name for name, row in stage.walker.world.items() if row["warps"] and name != "HAZEL_HOLLOW"]
        stage.console.close()
        for name in names:
            stage = stage_at(state("late"))
            stage.visit(name)
            self.take(f"map {name.lower()}", stage, MAP_SIGN_FRAMES)
            stage.console.close()
        stage = stage_at(state("late"))
        for i in range(6):
            stage.poke("wPartyMons", *STRONG, offset=48 * i + 34)
        stage.poke("wRepelEffect", 255)
        stage.visit("WILLOWMERE")
        for name in ("BRACKENWOOD_DEEP", "BRACKENWOOD"):
            self.cross(stage, name)
            self.take(f"map {name.lower()}", stage, MAP_SIGN_FRAMES)
        stage.console.close()

    def cross(self, stage: Stage, name: str) -> None:
        """Walks over the edge to a neighbour, at the first step of the edge that can be reached."""
        walker = stage.walker
        row = walker.world[walker.map]
        link = next(each for each in row["connections"] if each["target"] == name)
        button, edge = {
            "west": ("left", [(0, i) for i in range(row["height_steps"])]),
            "south": ("down", [(i, row["height_steps"] - 1) for i in range(row["width_steps"])]),
        }[link["direction"]]
        x, y = next(step for step in edge if walker.path(step))
        walker.leave(x, y, button)

    def times(self) -> None:
        for hour, name in ((5, "morning"), (12, "day"), (21, "night")):
            stage = stage_at(state("late"))
            stage.poke("hHours", hour)
            stage.walker.step("down")
            stage.walker.enter("HOME")
            stage.walker.leave(4, 7, "down")
            self.take(f"town, {name}", stage)
            stage.console.close()

    def talk(self) -> None:
        stage = stage_at(early_state("town"))
        stage.walker.go(10, 8)
        stage.face("down")
        stage.tap("a")
        self.take("sign, printing", stage, 1)
        self.take("sign, waiting", stage, 90)
        stage.console.close()
        stage = stage_at(state("bedroom"))
        stage.walker.enter("HOME")
        stage.walker.leave(4, 7, "down")
        stage.walker.enter("WORKSHOP")
        stage.walker.go(7, 4)
        stage.face("up")
        stage.mash("a", lambda: stage.shows(">YES"))
        self.take("question", stage)
        stage.console.close()

    def menus(self) -> None:
        stage = stage_at(state("late"))
        stage.tap("start")
        self.take("START menu", stage)
        stage.tap("a")
        self.take("party", stage, 40)
        stage.tap("a")
        self.take("party, choice", stage)
        stage.tap("down", "a")
        self.take("a pal's page", stage, 40)
        stage.mash("b", stage.free)
        stage.tap("start", "down", "a")
        self.take("pack, items", stage, 40)
        stage.tap("a")
        self.take("pack, choice", stage)
        stage.tap("b", "right")
        self.take("pack, catchers", stage)
        stage.tap("right")
        self.take("pack, key items", stage)
        stage.tap("b", "b")
        for row in range(2, 5):
            stage.mash("b", stage.free)
            stage.tap("start")
            stage.mash("up", lambda: stage.console.read("wMenuCursorY") == 1)
            stage.tap(*["down"] * row, "a")
            self.take(f"START menu, line {row + 1}", stage, 90)
        stage.console.close()

    def shop(self) -> None:
        stage = stage_at(early_state("gatehouse"))
        stage.walker.go(2, 4)
        stage.face("left")
        stage.mash("a", lambda: stage.shows(">BUY"))
        self.take("shop", stage)
        stage.tap("a")
        self.take("shop, buying", stage, 40)
        stage.tap("a")
        self.take("shop, how many", stage)
        stage.tap("b", "b")
        stage.mash("b", lambda: stage.shows(">BUY"))
        stage.tap("down", "a")
        self.take("shop, selling", stage, 40)
        stage.console.close()

    def box(self) -> None:
        stage = stage_at(state("late"))
        stage.run_script(OPERATIONS.index("give_creature"), 4, 7, OPERATIONS.index("box"), END)
        stage.until(lambda: stage.shows(">TAKE OUT"))
        self.take("box", stage)
        stage.tap("a")
        self.take("box, taking out", stage, 40)
        stage.console.close()

    def growth(self) -> None:
        stage = stage_at(early_state("town"))
        let_evolve(stage, "CINDREL", 6, stage.species("GRAVLOP"))
        moves = [stage.move(name) for name in ("BUMP", "GLARE", "ZAP", "PEBBLE")]
        stage.poke("wPartyMon1HP", *STRONG)
        stage.poke("wPartyMon1Moves", *moves)
        stage.poke("wPartyMon1PP", 9, 9, 9, 9)
        stage.poke("wPartyMon1Exp", 0, 0, 215)
        stage.run_script(OPERATIONS.index("wild"), stage.species("PIPKIT"), 20, END)
        stage.mash("a", lambda: stage.console.read("wPartyMon1Level") == 6)
        self.take("level gained", stage, 60)
        for _ in range(60):
            if stage.shows(">YES") or stage.shows("changing"):
                break
            stage.tap("a")
        self.take("learn a move?", stage)
        for _ in range(60):
            if stage.shows("BUMP") or stage.shows("changing"):
                break
            stage.tap("a")
        self.take("forget which?", stage)
        for _ in range(60):
            if stage.shows("changing"):
                break
            stage.tap("a")
        self.take("evolution", stage, 20)
        self.take("evolution, later", stage, 90)
        stage.mash("a", lambda: stage.shows("GRAVLOP"))
        self.take("evolved", stage, 60)
        stage.console.close()

    def battles(self) -> None:
        content = read_content()
        stage = stage_at(state("late"))
        stage.run_script(OPERATIONS.index("wild"), stage.species("ZIZZLE"), 12, END)
        stage.until(lambda: stage.console.read("wBattleMode") == 1)
        self.take("battle, opening", stage, 4)
        self.take("battle, appears", stage, 90)
        stage.mash("a", stage.walker.at_battle_menu)
        self.take("battle menu", stage)
        stage.tap("a")
        self.take("battle, moves", stage)
        stage.tap("a")
        self.take("battle, a move", stage, 30)
        stage.console.close()
        for name in ("RIVAL_WEST_LARK_WATER", "LEADER_NERYS", "LEADER_GARRICK", "WARDEN_IONE"):
            trainer = content.trainers[name]
            stage = stage_at(state("late"))
            stage.run_script(OPERATIONS.index("trainer"), trainer.class_number, trainer.number, END)
            stage.until(lambda stage=stage: stage.console.read("wBattleMode") == 2)
            self.take(f"battle, {name.lower()}", stage, 90)
            stage.console.close()

    def trainer_walks_up(self) -> None:
        stage = stage_at(early_state("town"))
        stage.poke("wRepelEffect", 255)
        stage.walker.leave(23, 8, "right")
        settle, stage.walker.settle = stage.walker.settle, lambda limit=0: None
        while stage.console.read("wScriptRunning") != 1:
            stage.walker.step(stage.walker.path((26, 7))[0])
            stage.console.tick(1)
        stage.walker.settle = settle
        self.take("seen by a trainer", stage, 8)
        stage.until(lambda: stage.console.read("wTextboxFlags") & 2 != 0)
        self.take("challenged", stage, 60)
        stage.console.close()

    def water(self) -> None:
        stage = stage_at(early_state("town"))
        stage.give_key_item("RAFT")
        stage.walker.go(7, 15)
        stage.face("left")
        stage.tap("a")
        self.take("raft?", stage, 120)
        stage.mash("a", lambda: stage.console.read("wPlayerState") == 4 and stage.free())
        self.take("on the raft", stage)
        stage.console.close()

    def white_out(self) -> None:
        stage = stage_at(early_state("town"))
        stage.poke("wPartyMon1HP", 0, 1)
        stage.run_script(OPERATIONS.index("wild"), stage.species("CINDREL"), 40, END)
        stage.mash("a", stage.walker.at_battle_menu)
        stage.tap("a", "a")
        stage.mash("a", lambda: stage.console.read("wPartyMon1HP", 1) == 0)
        for i in range(3):
            self.take(f"white-out {i + 1}", stage, 60)
            stage.tap("a")
        stage.console.close()

    def fade(self) -> None:
        stage = stage_at(state("bedroom"))
        stage.walker.go(7, 3)
        stage.console.pyboy.button_press("up")
        stage.until(lambda: stage.console.read("wYCoord") == 2)
        for i in range(6):
            self.take(f"through a door {i + 1}", stage, 3)
        stage.console.close()

    def ending(self) -> None:
        stage = stage_at(state("ending"))
        for i in range(5):
            self.take(f"credits {i + 1}", stage, 40 if i == 0 else 199)
        stage.console.close()


SCENES: tuple[Callable[[Album], None], ...] = (
    Album.opening,
    Album.talk,
    Album.times,
    Album.menus,
    Album.shop,
    Album.box,
    Album.battles,
    Album.trainer_walks_up,
    Album.growth,
    Album.water,
    Album.fade,
    Album.white_out,
    Album.maps,
    Album.ending,
)


def sheet(pictures: Pictures) -> Image.Image:
    """All pictures but the passing ones on one."""
    chosen = [picture for name, picture in pictures.items() if not name.startswith(PASSING)]
    rows = -(-len(chosen) // COLUMNS)
    whole = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, rows * (HEIGHT + GAP) + GAP), GROUND)
    for number, picture in enumerate(chosen):
        row, column = divmod(number, COLUMNS)
        whole.paste(picture, (GAP + column * (WIDTH + GAP), GAP + row * (HEIGHT + GAP)))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sheet", type=Path, help="where to write the contact sheet")
    options = parser.parse_args()
    album = Album()
    for scene in SCENES:
        scene(album)
    options.folder.mkdir(parents=True, exist_ok=True)
    for number, (name, picture) in enumerate(album.pictures.items()):
        picture.save(options.folder / f"{number:02} {name}.png")
    if options.sheet:
        sheet(album.pictures).convert("P", palette=Image.Palette.ADAPTIVE, colors=128).save(options.sheet)


if __name__ == "__main__":
    main()
