"""Defences of policies and their inheritance."""

from typing import Any, Final

from tests.adversarial.switches import DOMAIN, defence, edited, slackened


def _anything(*_: Any) -> bool:
    return True


POLICIES: Final = (
    defence(
        "inheritance",
        "A child that is weaker than its parent is refused.",
        edited(f"{DOMAIN}.inheritance:_weaker", ("if weaker and key not in waivers:", "if False:")),
    ),
    defence(
        "inheritance-lower",
        "Bounds get lower.",
        slackened("may only get lower", holds=_anything),
    ),
    defence(
        "inheritance-ranked",
        "Words go one way.",
        slackened("goes one way", holds=_anything),
    ),
    defence(
        "inheritance-fewer",
        "Lists of what is allowed shrink.",
        slackened("only shrinks", holds=_anything),
    ),
    defence(
        "inheritance-once-on",
        "What is on stays on.",
        slackened("stays on", holds=_anything),
    ),
    defence(
        "inheritance-named",
        "Business rules are added under new names.",
        slackened(
            "only grows, under new names",
            holds=_anything,
            joined=lambda parent, child: parent | child,
        ),
    ),
    defence(
        "inheritance-more",
        "Lists of what is looked for grow.",
        slackened("only grows", joined=lambda _parent, child: child),
    ),
    defence(
        "nothing-undeclared",
        "What a declaration's model does not have is refused.",
        edited(
            "interlock.definitions.catalog:load_document",
            (
                "problems.add_validation(file, problem, elsewhere=elsewhere, skip=skip)",
                "problem.errors()",
            ),
        ),
    ),
    defence(
        "exceptions-end",
        "A project with an exception that has ended does not load.",
        edited(f"{DOMAIN}.inheritance:problems", ("if waiver.ends < today:", "if False:")),
    ),
    defence(
        "exceptions-end-at-run-time",
        "What is deployed goes back to the parent's rule on the day after.",
        edited(f"{DOMAIN}.inheritance:in_force", ("if one.ends < today]", "if False]")),
    ),
    defence(
        "no-exceptions",
        "Nobody is excepted from bounds, the class of data and personal data.",
        edited(
            f"{DOMAIN}.policies:Waiver._may_be_excepted",
            ("if self.rule.startswith(NO_EXCEPTION):", "if False:"),
        ),
    ),
    defence(
        "no-policy-of-others",
        "A task is under no other team's policy.",
        edited(
            f"{DOMAIN}.inheritance:team_problems",
            ("if policy.team not in (None, team):", "if False:"),
        ),
    ),
    defence(
        "no-way-past-a-policy",
        "A task does not pass over its team's.",
        edited(
            f"{DOMAIN}.inheritance:team_problems",
            ('if one.level == "team" and one.team == team', "if False"),
        ),
    ),
    defence(
        "one-organisation",
        "There is one policy that extends no other.",
        edited(f"{DOMAIN}.inheritance:problems", ("for name in tops[1:]:", "for name in ():")),
    ),
    defence(
        "levels-of-policies",
        "A parent's level is above its child's.",
        edited(
            f"{DOMAIN}.inheritance:_broken_line",
            ("if LEVELS.index(parent.level) >= LEVELS.index(policy.level):", "if False:"),
        ),
    ),
)
