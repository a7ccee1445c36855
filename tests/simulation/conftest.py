"""How many schedules are played, and from which seed on.

pytest tests/simulation --schedules 500000
pytest tests/simulation --seed 4711 --schedules 1 -k door      # play one again
"""

from math import ceil

from tests.simulation.scenarios import SHARES

SCHEDULES = 10_000
FIRST_SEED = 1
LOT = 500
LOTS = 40
"""More schedules make lots larger, not more."""


def pytest_addoption(parser) -> None:
    parser.addoption("--seed", type=int, default=FIRST_SEED, help="first seed of each area")
    parser.addoption("--schedules", type=int, default=SCHEDULES, help="schedules in all")


def pytest_generate_tests(metafunc) -> None:
    if "lot" not in metafunc.fixturenames:
        return
    # absent where the whole suite is collected: this file is then read after the command line
    first = getattr(metafunc.config.option, "seed", FIRST_SEED)
    total = getattr(metafunc.config.option, "schedules", SCHEDULES)
    size = max(LOT, ceil(total / LOTS))
    lots = []
    for area, percent in SHARES.items():
        end = first + max(1, ceil(total * percent / 100))
        lots += [(area, seed, min(size, end - seed)) for seed in range(first, end, size)]
    metafunc.parametrize("lot", lots, ids=[f"{area}-{seed}+{n}" for area, seed, n in lots])
