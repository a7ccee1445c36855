"""The simulation sees what it is there to see."""

import pytest

from tests.simulation.mutations import MODEL, READINGS, Mutation
from tests.simulation.scenarios import play


@pytest.mark.parametrize("mutation", [*MODEL, *READINGS], ids=lambda m: m.case)
def test_a_mutation_of_the_real_code_is_seen(mutation: Mutation) -> None:
    """A property breaks within the stated number of schedules."""
    seeds = range(mutation.first, mutation.first + mutation.within)
    with mutation.made():
        seen = next((seed for seed in seeds if play(mutation.area, seed).broken), None)

    assert seen is not None, f"not seen in {mutation.within} schedules: {mutation.case}"


def test_the_code_is_itself_again_afterwards() -> None:
    """A mutation ends with its block."""
    with MODEL[0].made():
        pass

    assert all(play(MODEL[0].area, seed).broken is None for seed in range(20))
