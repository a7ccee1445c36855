"""Actors that stop at each port call, and a scheduler that decides what happens there.

The code under test is the real one and knows nothing of this: an actor is a greenlet, a port is
wrapped so that each call hands control to the scheduler, and the scheduler lets it land, kills
its caller before or after, or lets the client below repeat it. Everything is drawn from one
seed, so a schedule can be replayed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from functions.core.domain.errors import InterlockError
from functions.core.domain.step import Invocation
from functions.core.domain.timestamps import iso
from tests.fakes import MORNING, FakeClock

DEATHS = ("Lambda.Unknown", "Sandbox.Timedout", "Runtime.ExitError")
"""What a state machine sees of a function that was killed."""
SEEMS_DEAD = (*DEATHS, "Lambda.SdkClientException")
"""What it may see of one that runs on."""
TICKS = (1, 7, 31, 61, 130, 901)
WAKES = 40
"""Times that all wait for the clock, before a schedule's first part is over."""
DELAYS = (1, 40, 905)
ACCESSES = 4000
"""A schedule that makes more port calls than this does not end."""


class Broken(Exception):
    """A property does not hold."""


class Failed(Exception):
    """A function's invocation ended in this error, as a state machine sees it."""

    def __init__(self, error: str) -> None:
        self.error = error
        super().__init__(error)


@dataclass
class Faults:
    """How much may go wrong in one schedule."""

    kills: int = 1
    repeats: int = 1
    zombies: int = 1
    ticks: int = 3
    delays: int = 1
    """Invocations that begin late: throttled, and retried after a while."""

    @property
    def left(self) -> list[str]:
        """The kinds that may still happen."""
        return [kind for kind in ("kills", "repeats", "zombies", "ticks") if getattr(self, kind)]


@dataclass(eq=False)
class Access:
    """One port call that waits to happen."""

    port: str
    method: str
    act: Callable[[], Any]
    write: bool
    args: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.port}.{self.method} {_short(self.args)}"


@dataclass(eq=False)
class Actor:
    """Something that acts: a function's invocation, or a state machine."""

    name: str
    greenlet: Any
    deadline: datetime | None = None
    """When a function is killed at the latest; machines have none."""
    slow: bool = False
    waiting: Access | None = None
    wake: datetime | None = None
    joins: "Actor | None" = None
    until: Callable[[], bool] | None = None
    """What else it waits for; whichever comes first, this or `wake`."""
    done: bool = False
    dead: bool = False
    result: Any = None
    error: str | None = None
    told: bool = False
    """Whether whoever waits for it has been told its end, be it true or not."""

    def ready(self, now: datetime) -> bool:
        """Say whether it could go on now."""
        if self.joins is not None:
            return self.joins.told
        if self.until is not None and self.until():
            return True
        if self.until is not None and self.wake is None:
            return False
        return self.wake is None or self.wake <= now


@dataclass
class Kernel:
    """One schedule."""

    seed: str
    faults: Faults
    rate: float = 0.15
    random: Random = field(init=False)
    clock: FakeClock = field(init=False)
    actors: list[Actor] = field(default_factory=list)
    trace: list[tuple[str, str, Any]] = field(default_factory=list)
    broken: str | None = None
    accesses: int = 0

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.clock = FakeClock(MORNING)
        self._hub = getcurrent()
        self._sticks = self.random.choice((0.0, 0.4, 0.85))
        self._slow = self.random.choice((0.0, 0.1, 0.3))
        self._last: Actor | None = None
        self._spawned = 0

    # what actors call

    def port(self, name: str, inner: Any, writes: tuple[str, ...] = ()) -> Any:
        """Return *inner* with a stop before each call; a client may repeat *writes*."""
        return _Port(self, name, inner, writes)

    def access(self, access: Access) -> Any:
        """Stop at *access*; return what it returned once the scheduler let it happen."""
        if getcurrent() is self._hub:
            return access.act()
        return self._hub.switch(access)

    def sleep(self, seconds: float) -> None:
        """Let a machine wait."""
        actor = self._current()
        actor.wake = self.clock.moment + timedelta(seconds=seconds)
        self._hub.switch(None)
        actor.wake = None

    def invoke(
        self,
        name: str,
        function: Callable[[Invocation], Any],
        *,
        life: float,
        retry: frozenset[str] = frozenset(),
        tries: int = 6,
    ) -> Any:
        """Invoke a function as a machine does; raise Failed with its error's name."""
        error = ""
        for _ in range(tries):
            self._delay(name)
            function_ = self.function(name, function, life=life)
            self.join(function_)
            if function_.error is None:
                return function_.result
            error = function_.error
            if error not in retry:
                break
        raise Failed(error)

    def _delay(self, name: str) -> None:
        if self.faults.delays and self.random.random() < self.rate:
            self.faults.delays -= 1
            seconds = self.random.choice(DELAYS)
            self.trace.append((name, f"is throttled for {seconds} s", ""))
            self.sleep(seconds)

    def join(self, other: Actor) -> None:
        """Wait until *other*'s end is told."""
        actor = self._current()
        actor.joins = other
        self._hub.switch(None)
        actor.joins = None

    def wait_until(self, holds: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until something *holds*; False if so many seconds passed before."""
        actor = self._current()
        actor.until = holds
        if seconds is not None:
            actor.wake = self.clock.moment + timedelta(seconds=seconds)
        self._hub.switch(None)
        actor.until = actor.wake = None
        return holds()

    # making actors

    def machine(self, name: str, body: Callable[[], Any]) -> Actor:
        """Add an actor that nothing kills but a stop of its execution."""
        return self._spawn(name, body, None)

    def function(self, name: str, function: Callable[[Invocation], Any], *, life: float) -> Actor:
        """Add a function's invocation, which lives *life* seconds at most."""
        deadline = self.clock.moment + timedelta(seconds=life)
        self._spawned += 1
        me = Invocation(f"invocation-{self._spawned}", iso(deadline))

        def body() -> Any:
            value = function(me)
            # it can die after its last write and before its answer
            self.access(Access("answer", "returns", lambda: None, write=False))
            return value

        return self._spawn(f"{name}-{self._spawned}", body, deadline)

    def _spawn(self, name: str, body: Callable[[], Any], deadline: datetime | None) -> Actor:
        actor = Actor(name, None, deadline, slow=self.random.random() < self._slow)
        actor.greenlet = greenlet(lambda *_: self._live(actor, body), parent=self._hub)
        self.actors.append(actor)
        return actor

    def _live(self, actor: Actor, body: Callable[[], Any]) -> None:
        try:
            value, error = body(), None
        except InterlockError as problem:
            value, error = None, type(problem).__name__
        except Failed as problem:
            value, error = None, problem.error
        except Broken as problem:
            value, error = None, "Broken"
            self.broken = str(problem)
        except Exception as problem:
            value, error = None, type(problem).__name__
            self.broken = f"{actor.name} failed with {type(problem).__name__}: {problem}"
        actor.done = True
        if not actor.told:
            actor.result, actor.error, actor.told = value, error, True

    def _current(self) -> Actor:
        here = getcurrent()
        return next(actor for actor in self.actors if actor.greenlet is here)

    # the scheduler

    def run(self, wakes: int = WAKES) -> None:
        """Let everything happen, until nobody can go on or all have slept *wakes* times."""
        while self.broken is None:
            self.actors = [actor for actor in self.actors if not actor.done]
            ready = [actor for actor in self.actors if actor.ready(self.clock.moment)]
            if not ready:
                if wakes == 0 or not self._wake_next():
                    return
                wakes -= 1
            elif not (self.random.random() < self.rate and self._go_wrong(ready)):
                self._go_on(self._choose(ready))
            if self.accesses > ACCESSES:
                self.broken = "it does not end"

    def _choose(self, ready: list[Actor]) -> Actor:
        if self._last in ready and self.random.random() < self._sticks:
            return self._last
        if self.random.random() < 0.95:
            # a slow one stands still while anybody else can go on
            ready = [actor for actor in ready if not actor.slow] or ready
        self._last = self.random.choice(ready)
        return self._last

    def _go_on(self, actor: Actor) -> None:
        access = actor.waiting
        if access is None:
            self._resume(actor)
            return
        self.trace.append((actor.name, "", access))
        self._land(actor, access)

    def _land(self, actor: Actor, access: Access) -> None:
        self.accesses += 1
        try:
            result = access.act()
        except Broken as problem:
            self.broken = str(problem)
        except Exception as problem:
            self._resume(actor, error=problem)
        else:
            if self.broken is None:
                self._resume(actor, result)

    def _resume(self, actor: Actor, value: Any = None, error: Exception | None = None) -> None:
        actor.waiting = None
        if error is None:
            actor.waiting = actor.greenlet.switch(value)
        else:
            actor.waiting = actor.greenlet.throw(error)

    def _go_wrong(self, ready: list[Actor]) -> bool:
        """Let one thing go wrong; False if none can now."""
        if not self.faults.left:
            return False
        kind = self.random.choice(self.faults.left)
        functions = [actor for actor in ready if actor.deadline is not None]
        if kind == "ticks":
            self.faults.ticks -= 1
            self._tick(self.random.choice(TICKS))
            return True
        if not functions:
            return False
        victim = self.random.choice(functions)
        return bool(getattr(self, f"_fault_{kind}")(victim))

    def _fault_kills(self, victim: Actor) -> bool:
        self.faults.kills -= 1
        access = victim.waiting
        if access is not None and self.random.random() < 0.5:
            self.trace.append((victim.name, "is killed after", access))
            self._unseen(access)
        else:
            self.trace.append((victim.name, "is killed before", access))
        self.kill(victim, self.random.choice(DEATHS))
        return True

    def _fault_repeats(self, victim: Actor) -> bool:
        access = victim.waiting
        if access is None or not access.write:
            return False
        self.faults.repeats -= 1
        self.trace.append((victim.name, "the client repeats", access))
        self._unseen(access)
        if self.broken is None:
            self._land(victim, access)
        return True

    def _unseen(self, access: Access) -> None:
        """Let *access* happen, and nobody learn its answer."""
        try:
            access.act()
        except Broken as problem:
            self.broken = str(problem)
        except Exception:
            pass

    def _fault_zombies(self, victim: Actor) -> bool:
        if victim.told:
            return False
        self.faults.zombies -= 1
        victim.told, victim.error = True, self.random.choice(SEEMS_DEAD)
        self.trace.append((victim.name, f"seems dead ({victim.error}) and runs on", ""))
        return True

    def kill(self, actor: Actor, error: str) -> None:
        """End *actor* where it stands."""
        if actor.done:
            return
        actor.done = actor.dead = True
        if not actor.told:
            actor.told, actor.error = True, error
        actor.greenlet.throw(GreenletExit)

    def _tick(self, seconds: float) -> None:
        self.clock.forward(seconds=seconds)
        self.trace.append(("time", f"moves on by {seconds:g} s", ""))
        for actor in self.actors:
            if actor.deadline is not None and actor.deadline < self.clock.moment and not actor.done:
                self.trace.append((actor.name, "is killed at its timeout", ""))
                self.kill(actor, "Sandbox.Timedout")

    def _wake_next(self) -> bool:
        wakes = [actor.wake for actor in self.actors if actor.wake is not None]
        if not wakes:
            return False
        self._tick((min(wakes) - self.clock.moment).total_seconds())
        return True

    # afterwards

    def calm(self) -> None:
        """From here on nothing fails any more."""
        self.faults = Faults(0, 0, 0, 0, 0)
        self.rate = 0.0

    def pass_time(self, seconds: float) -> None:
        """Let time pass, between schedules."""
        self._tick(seconds)

    def dispose(self) -> None:
        """End whoever is left."""
        for actor in self.actors:
            self.kill(actor, "disposed")

    def told(self) -> Iterator[str]:
        """Yield the trace, line by line."""
        for n, (who, what, access) in enumerate(self.trace, 1):
            yield f"{n:4} {who}: {' '.join(part for part in (what, str(access)) if part)}"


class _Port:
    """A port whose every call is a point at which the scheduler decides."""

    def __init__(self, kernel: Kernel, name: str, inner: Any, writes: tuple[str, ...]) -> None:
        self._kernel = kernel
        self._name = name
        self._inner = inner
        self._writes = writes

    def __getattr__(self, method: str) -> Any:
        act = getattr(self._inner, method)

        def call(*args: Any, **how: Any) -> Any:
            return self._kernel.access(
                Access(self._name, method, lambda: act(*args, **how), method in self._writes, args)
            )

        self.__dict__[method] = call
        return call


def _short(args: tuple[Any, ...]) -> str:
    return " ".join(str(getattr(arg, "sk", "") or arg)[:110] for arg in args[:3])
