"""With every detector off and an obedient model, no text changes what only declarations say."""

from pathlib import Path

from tests.clouds import Desk
from tests.quality.__main__ import OWN
from tests.structural.__main__ import texts
from tests.structural.campaign import Campaign, unguarded

SOME = 4


def test_no_text_changes_what_only_declarations_say(desk: Desk, model: str, provider_log: Path):
    """No field outside `from_model`, route, prompt, call or dollar; `make structural` sends all."""
    some = texts(OWN)[:SOME]

    with unguarded(desk):
        found = Campaign(desk, model, provider_log).run(some)

    assert found.changed == {}
    assert found.obeyed == SOME
