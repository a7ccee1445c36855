"""The day on which a vendor stops serving a model is told before, and bars promotion after."""

from datetime import date

import pytest

from functions.core.domain.end_of_life import bars_promotion, endings
from functions.core.domain.errors import TargetEnded
from functions.core.domain.targets import Models
from functions.core.services.promoting import require_served
from tests.stage import MODELS, TASK, Stage

TODAY = date(2026, 11, 22)


def ending_on(day: str) -> Models:
    """Return models of which `paid` ends on *day*."""
    paid = MODELS["targets"]["paid"] | {"end_of_life": day}
    return Models.model_validate(MODELS | {"targets": MODELS["targets"] | {"paid": paid}})


@pytest.mark.parametrize(
    ("day", "told", "barred"),
    [
        ("2027-06-01", None, False),
        ("2027-02-20", "'paid' is served until 2027-02-20: 90 days left", False),
        ("2026-11-23", "'paid' is served until 2026-11-23: 1 day left", False),
        ("2026-11-22", "'paid' is not served any more since 2026-11-22", True),
        ("2025-01-01", "'paid' is not served any more since 2025-01-01", True),
    ],
)
def test_an_end_is_told_with_its_days_and_then_bars(day, told, barred) -> None:
    """Ninety days before; from the day on, no task whose route leads there is promoted."""
    models = ending_on(day)

    assert [str(one) for one in endings(models, models.routed, TODAY)] == ([told] if told else [])
    assert (bars_promotion(models, "both", TODAY) is not None) == barred
    assert bars_promotion(models, "gratis", TODAY) is None


@pytest.mark.parametrize(("day", "refused"), [("2026-11-22", True), ("2026-11-23", False)])
def test_a_task_is_not_promoted_onto_a_target_that_has_ended(day, refused) -> None:
    """By the live models, on the day of the promotion."""
    stage = Stage()
    ended = ending_on(day).model_dump(mode="json")
    stage.catalog.publish("models", "models", ended, by="test")
    version = stage.catalog.publish("ai_task", "sort", TASK, by="test")

    if not refused:
        require_served(stage.catalog, stage.clock, "sort", version)
        return
    with pytest.raises(TargetEnded, match="'paid' is not served any more since 2026-11-22"):
        require_served(stage.catalog, stage.clock, "sort", version)
