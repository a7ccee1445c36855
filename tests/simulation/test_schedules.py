"""The contracts' properties hold in every schedule that was played."""

import pytest

from tests.simulation.scenarios import AREAS, play


def test_no_property_breaks(lot) -> None:
    """However its calls interleave, die, repeat or come late, the core keeps its promises."""
    area, first, count = lot
    broken = next((s for s in range(first, first + count) if play(area, s).broken), None)
    if broken is not None:
        told = play(area, broken, tell=True)
        again = f"pytest tests/simulation --seed {broken} --schedules 1 -k {area}"
        pytest.fail("\n".join((f"{told.broken}", f"again: {again}", *told.trace)), pytrace=False)


@pytest.mark.parametrize("area", AREAS)
def test_a_seed_plays_the_same_again(area) -> None:
    """Else a failure could not be replayed."""
    traces = [play(area, 7, tell=True, always=True).trace for _ in range(2)]

    assert traces[0] == traces[1]
    assert len(traces[0]) > 5
