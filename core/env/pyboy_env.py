"""The Gymnasium environment: one cartridge in one emulator, nine buttons, named rewards, masks and observations.

One action holds a button for 8 frames and lets 24 pass in all, enough for a step (16) or a turn (8); with the adaptive
frame cost it lasts until something can be decided again. A step of the env is: press, read RAM once, compare with the
previous state. Everything else is decoded from those bytes on demand.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from core import exceptions
from core.env import observation
from core.env.emulator.console import Console, ShowFrame
from core.env.emulator.frame_cost import FIXED_FRAMES, HOLD_FRAMES, FrameCost, press_until_decidable
from core.env.emulator.start_cache import cached_new_game_state
from core.env.emulator.startup import check_start_state, continued_state, is_battery_save
from core.env.go_explore_archive import GoExploreArchive
from core.env.lanes.lane_history import StartPoint
from core.env.lifetime import Uncopied
from core.env.masks import action_mask
from core.env.observer import EnvObserver
from core.env.policy_view import PolicyView, empty_view, policy_space
from core.game.milestone_tracker import MilestoneTracker
from core.game.reward_event import EventKind
from core.game.rewards import RewardMemory, RewardWeights
from core.game.rewards import reward_events as events_between
from core.game.state import GameState, RomTables
from core.nearest import nearest
from core.vocabulary import ACTION_COUNT, Button, RewardEvent

MAX_IDLE_FRAMES: Final = 1024
"""A reset lets 0 to 1,023 frames pass, drawn from the seed: the game's random numbers depend on the time of presses."""
DEFAULT_MAX_STEPS: Final = 10_000
BUTTONS: Final = tuple(Button)
RESET_OPTIONS: Final = ("start_state", "reached")


class Outcome(NamedTuple):
    """The result of one action, without an observation."""

    state: GameState
    reward: float
    events: tuple[RewardEvent, ...]
    mask: NDArray[np.bool_]
    terminated: bool
    truncated: bool


class EnhancedPyBoyPokemonCrystalEnv(Uncopied, gym.Env[dict[str, Any], np.int64]):
    """Fernvale or the user's own Pokemon Crystal as an environment.

    `info` of `reset` and `step` holds `game_state` (GameState), `action_mask` (bool (9,)), `policy_view` (the
    arrays of `policy_space`), `reward_events`, `milestones` (ids reached in this episode, in order), `episode_steps`
    and `idle_frames`.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 60 / FIXED_FRAMES}  # noqa: RUF012

    def __init__(
        self,
        rom_path: str | Path,
        headless: bool = True,
        observation_type: str = "multi_modal",
        *,
        max_steps: int = DEFAULT_MAX_STEPS,
        reward_weights: RewardWeights | None = None,
        reward_events: Sequence[type[EventKind]] = (),
        final_milestone: str | None = None,
        start_state: bytes | str | Path | None = None,
        start_cache: str | Path | None = None,
        fast_options: bool = False,
        frame_cost: str = FrameCost.FIXED,
        go_explore: GoExploreArchive | None = None,
        allow_unknown_rom: bool = False,
        render_mode: str | None = None,
    ) -> None:
        """Start the emulator and bring a new game to its first free control.

        Args:
            rom_path: the ROM file.
            headless: without a window; with one every frame is shown at the normal speed.
            observation_type: "multi_modal" (picture, numbers, words), "screen" or "state" (numbers). It also says what
                a policy sees in training (`core.env.policy_view.POLICY_PARTS`); with a picture in it the emulator draws
                a frame per action.
            max_steps: actions after which an episode is truncated, from 1.
            reward_weights: what each event pays; the weights of their kinds if None.
            reward_events: kinds of events of your own, paid beside the built-in ones.
            final_milestone: id of the milestone that terminates an episode; the game's last required one if None.
            start_state: where episodes begin: a PyBoy save state or a battery save (.sav), as bytes or a file; a new
                game if None.
            start_cache: a folder that keeps the start of a new game for later processes; nothing is kept if None.
            fast_options: a game begun here has fast text, no battle animations and no offers to switch.
            frame_cost: "fixed" (24 frames an action) or "adaptive" (16 to 120, until something can be decided again).
            go_explore: the archive for states of new cells (14 ms each); nothing is filed if None. The env only files
                states; where its episodes begin is up to `reset(options=...)`.
            allow_unknown_rom: accept a ROM with Crystal's title although its SHA-1 is unknown.
            render_mode: None, "rgb_array", or "human", which opens the window that `headless` false opens.

        Raises:
            core.exceptions.EnvironmentError: the ROM or the start state cannot be used.
            core.exceptions.ConfigurationError: an argument is out of range.
        """
        if observation_type not in observation.OBSERVATION_TYPES:
            raise exceptions.ConfigurationError(
                f"observation_type is {observation_type!r}; it must be one of "
                f"{', '.join(map(repr, observation.OBSERVATION_TYPES))}"
            )
        if max_steps < 1:
            raise exceptions.ConfigurationError(f"max_steps is {max_steps}; it must be at least 1")
        if frame_cost not in tuple(FrameCost):
            raise exceptions.ConfigurationError(
                f"frame_cost is {frame_cost!r}; it must be one of {', '.join(repr(cost.value) for cost in FrameCost)}"
            )
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise exceptions.ConfigurationError(
                f"render_mode is {render_mode!r}; it must be None, 'human' or 'rgb_array'"
            )
        headless = headless and render_mode != "human"
        self.rom = RomTables.from_file(rom_path, allow_unknown_rom)
        self.observation_type = observation_type
        self.max_steps = max_steps
        self.render_mode = render_mode
        self.action_space = spaces.Discrete(ACTION_COUNT)
        self.observation_space = observation.observation_space(observation_type)
        self.policy_space = policy_space(observation_type)
        self.tracker = MilestoneTracker(self.rom.game, final_milestone)
        self.memory = RewardMemory(reward_weights or RewardWeights(), self.tracker, reward_events)
        self.observer: EnvObserver | None = None
        """Told of every step; may be set at any time."""
        self.go_explore = go_explore
        """Where states of new cells are filed, or None."""
        self._frame_cost = FrameCost(frame_cost)
        self._policy_view = PolicyView(self.rom.game)
        self._draws = observation_type != "state" or render_mode is not None or not headless
        self._draws_on_advance = observation_type != "state" or not headless
        self._events: tuple[RewardEvent, ...] = ()
        self._steps = self._frames = 0
        self._idle_frames = 0
        self._state: GameState | None = None
        self._mask: NDArray[np.bool_] | None = None
        self._console = Console(self.rom.profile, headless)
        try:
            if start_state is None:
                folder = None if start_cache is None else Path(start_cache)
                self._start_state = cached_new_game_state(self._console, self.rom, folder, fast_options)
            else:
                self._start_state = self._load_checked(start_state, fast_options)
            if not headless:
                self._console.watch()
        except BaseException:
            self._console.close()
            raise

    # the documented interface

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: seeds `np_random`, from which the idle frames before the first action are drawn.
            options: {"start_state": bytes or path} begins this one episode elsewhere; {"reached": ids} with it names
                the milestones that the game had already reached, so that they pay nothing again.
            kwargs: taken as documented. There is nothing else to say to a reset, so each is named in a warning.

        Raises `core.exceptions.ConfigurationError` for other options, and for a milestone that the game lacks;
        `core.exceptions.ClosedEnvironmentError` after `close`.
        """
        for name in kwargs:
            warnings.warn(f"reset({name}=...) changes nothing; {nearest(name, ('seed', 'options'))}", stacklevel=2)
        self.restart(seed=seed, options=options, render=self._draws)
        return self._observation(), self._info()

    def step(self, action: int | np.int64) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Press one button (0 A, 1 B, 2 START, 3 SELECT, 4 up, 5 down, 6 left, 7 right, 8 none).

        Terminated when the final milestone is reached, truncated after `max_steps` actions.
        Raises `core.exceptions.DecisionValidationError` for anything that is not an action, and
        `core.exceptions.ClosedEnvironmentError` after `close`.
        """
        outcome = self.advance(action, render=self._draws)
        return self._observation(), outcome.reward, outcome.terminated, outcome.truncated, self._info()

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions make sense now, bool (9,): the name that sb3-contrib's MaskablePPO asks for."""
        if self._mask is None:
            self._mask = action_mask(self.state)
        return self._mask

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """The screen as uint8 (144, 160, 3) where `render_mode` is "rgb_array". A window shows itself: None then."""
        return self._console.screen_rgb() if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Stop the emulator; no file is written."""
        self._console.close()

    def _calculate_reward(self, current_state: GameState, previous_state: GameState, action: int) -> float:
        """The reward of one action. Override it to add your own; call `super()` to keep the named events."""
        events = events_between(previous_state, current_state, self.memory)
        self._events = tuple(events)
        return sum(event.amount for event in events)

    # the parts, for callers that do not need the documented observation

    @property
    def state(self) -> GameState:
        """The game as it is now. Raises `RuntimeError` before the first reset."""
        if self._state is None:
            raise RuntimeError("the env was not reset yet: call reset() before asking for its state")
        return self._state

    @property
    def milestones(self) -> tuple[str, ...]:
        """Ids of the milestones reached in this episode or true at its start, in order."""
        return self.tracker.reached

    @property
    def episode_steps(self) -> int:
        """Actions taken in this episode."""
        return self._steps

    @property
    def episode_frames(self) -> int:
        """Frames of 16.7 ms that the actions of this episode took."""
        return self._frames

    def restart(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None, render: bool | None = None
    ) -> GameState:
        """`reset` without making an observation."""
        if options:
            self._check_options(options)
        super().reset(seed=seed)
        chosen = options.get("start_state") if options else None
        start = self._start_state if chosen is None else self._load_checked(chosen)
        self._console.load_state(start)
        self._idle_frames = int(self.np_random.integers(MAX_IDLE_FRAMES))
        self._console.wait(self._idle_frames)
        # one more frame, drawn, so that the picture belongs to this moment and not to the save state
        self._console.wait(1, render=self._draws_on_advance if render is None else render)
        state = GameState(self._console.snapshot(), self.rom)
        self._state, self._mask = state, None
        self._steps = self._frames = 0
        self._events = ()
        self.memory.start(state)
        if options and options.get("reached"):
            self.tracker.restore(options["reached"])
        self._policy_view.reset()
        return state

    def advance(self, action: int | np.int64, render: bool | None = None) -> Outcome:
        """`step` without making an observation: what the vector env's workers call."""
        return self.follow(*self.press(action, render))

    def press(self, action: int | np.int64, render: bool | None = None) -> tuple[Button, GameState]:
        """The first half of `advance`: the button and the game after it. The step is not counted yet."""
        button = self._button(action)
        is_drawn = self._draws_on_advance if render is None else render
        is_drawn |= self.observer is not None and self.observer.wants_picture()
        return button, self._press(button, is_drawn)

    def follow(self, button: Button, current: GameState) -> Outcome:
        """The second half: what follows from a press, without the emulator. Call it once after each `press`."""
        previous = self.state
        self._state = current
        self._mask = action_mask(current)
        self._steps += 1
        self._policy_view.note_action(button)
        reward = float(self._calculate_reward(current, previous, int(button)))
        if self.go_explore is not None:
            cell = self.go_explore.wants(current, len(self.tracker.reached))
            if cell is not None:
                self.go_explore.add(cell, StartPoint(self.save_state(), self.tracker.reached))
        is_over = self._steps >= self.max_steps
        outcome = Outcome(current, reward, self._events, self._mask, self.tracker.finished, truncated=is_over)
        if self.observer is not None:
            self.observer.after_step(current, reward, self._steps, len(self.milestones), self.picture)
        return outcome

    def write_policy_view(self, out: Mapping[str, NDArray[Any]]) -> None:
        """Write the policy view of the present state into arrays of the shapes of `policy_space`."""
        if "features" in out:
            self._policy_view.write(self.state, self.tracker, self.memory.visits, out["features"], out["map"])
        if "screen" in out:
            self._console.screen_luma(out["screen"][0])

    def policy_observation(self) -> dict[str, NDArray[Any]]:
        """The policy view of the present state in new arrays."""
        out = empty_view(self.policy_space)
        self.write_policy_view(out)
        return out

    def watch(self, show: ShowFrame, every_frames: int = 1) -> None:
        """From now on hand every `every_frames`-th frame of play to `show`, as uint8 (144, 160, 3), 60 a second of
        game time divided by that. The game is the same; its speed is what `show` allows."""
        self._draws = self._draws_on_advance = True
        self._console.watch(show, every_frames)

    def picture(self) -> NDArray[np.uint8]:
        """The frame that was drawn last, uint8 (144, 160, 3)."""
        return self._console.screen_rgb()

    def save_state(self) -> bytes:
        """The machine as a save state for `options={"start_state": ...}` (about 0.2 MB, 14 ms)."""
        return self._console.save_state()

    def info(self) -> dict[str, Any]:
        """The info dict of the present state."""
        return self._info()

    def _check_options(self, options: Mapping[str, Any]) -> None:
        for key in options:
            if key not in RESET_OPTIONS:
                raise exceptions.ConfigurationError(f"unknown option {key!r} of reset; {nearest(key, RESET_OPTIONS)}")
        start = options.get("start_state")
        if not isinstance(start, bytes | str | Path | None):
            raise exceptions.ConfigurationError(
                f"the option start_state of reset is a {type(start).__name__}; give the bytes of a state, or its path"
            )
        known = [milestone.id for milestone in self.tracker.milestones]
        for identifier in options.get("reached") or ():
            if identifier not in known:
                raise exceptions.ConfigurationError(
                    f"the option reached of reset names {identifier!r}, which is no milestone of this game; "
                    f"{nearest(str(identifier), known)}"
                )

    def _press(self, button: Button, render: bool) -> GameState:
        if self._frame_cost is FrameCost.ADAPTIVE:
            state, frames = press_until_decidable(self._console, self.rom, button, render)
            self._frames += frames
            return state
        self._console.press(button, HOLD_FRAMES, FIXED_FRAMES, render)
        self._frames += FIXED_FRAMES
        return GameState(self._console.snapshot(), self.rom)

    def _button(self, action: int | np.int64) -> Button:
        try:
            number = int(action)
            if number == action and 0 <= number < ACTION_COUNT:
                return BUTTONS[number]
        except (TypeError, ValueError):
            pass
        raise exceptions.DecisionValidationError(
            f"{action!r} is no action: actions are the integers 0 to {ACTION_COUNT - 1}, in the order "
            f"{', '.join(button.name for button in BUTTONS)}"
        )

    def _observation(self) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        if self.observation_type in ("multi_modal", "screen"):
            seen["screen"] = self._console.screen_rgb()
        if self.observation_type in ("multi_modal", "state"):
            seen["state_variables"] = observation.state_variables(self.state)
        if self.observation_type == "multi_modal":
            seen["strategic_context"] = observation.strategic_context(
                self.state, self.tracker.next, self.action_masks()
            )
        return seen

    def _info(self) -> dict[str, Any]:
        return {
            "game_state": self.state,
            "action_mask": self.action_masks().copy(),
            "policy_view": self.policy_observation(),
            "reward_events": self._events,
            "milestones": self.tracker.reached,
            "episode_steps": self._steps,
            "idle_frames": self._idle_frames,
        }

    def _load_checked(self, start_state: bytes | str | Path, fast_options: bool = False) -> bytes:
        """The bytes of a start state, checked: this ROM can continue from them."""
        if isinstance(start_state, bytes):
            source, content = "the start state", start_state
        else:
            source = f"the start state {str(start_state)!r}"
            try:
                content = Path(start_state).read_bytes()
            except OSError as error:
                raise exceptions.EnvironmentError(
                    f"cannot read {source}: {error.strerror or error}. Give a save state made by PyBoy"
                ) from error
        if is_battery_save(content, self.rom):
            content = continued_state(self.rom, content, source, fast_options)
        self._console.load_state(content, source)
        check_start_state(GameState(self._console.snapshot(), self.rom), source)
        return content
