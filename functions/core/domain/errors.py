"""Every error the control plane raises on purpose.

InterlockError
├── TransientError            may succeed if tried again; state machines retry it
│   ├── StoreContention       a conditional write lost its race too often
│   └── BusUnavailable        the bus did not take an event that nobody else would deliver
└── PermanentError            the same input fails again; state machines catch it; those that say
    │                         what was found are OnRecordErrors
    ├── InvalidJson           not strict JSON (why, and where)
    ├── TicketRefused         the ticket is forged, expired, or another run's
    ├── UnknownDefinition     no such workflow, task, system, version or label
    ├── TargetEnded           a task that would lead to a target which is not served any more
    ├── LabelMoved            a label is not what its mover saw (who moved it, and when)
    ├── DefinitionRefused     a document that may not be published (each place, and why)
    ├── DefinitionChanged     a stored version no longer has the hash it is filed under
    ├── ArtifactRefused       a reference that was not minted for this run
    ├── RunNotOpen            the run may not do any more work
    ├── UseNotDeclared        the workflow's `uses` does not name it
    ├── VariablesRejected     variables that do not fit the task's schema
    ├── FieldsRejected        fields that do not fit the operation's schema
    ├── NoTargetAllowed       no target of the route may be given the task's data
    ├── PromptTooLarge        the bounded prompt does not fit the target
    ├── FileRefused           a file that is not what its task declares (where, and why)
    ├── InputTooLong          a variable over its declared limit
    ├── InputInParts          a variable over its declared limit, to be asked about part by part
    ├── InputMissing          a variable that its task declares, and nobody passed
    ├── InputBlocked          a text from outside that the policy lets nobody send
    ├── PersonRequired        a text that the policy lets a person look at first, or a missing input
    ├── GuardUnavailable      a detector that the policy names, and that did not answer
    ├── BudgetBusy            money is in flight; may be free after a settlement
    ├── MoneyInFlight         the same, and the step has not waited its time for it yet
    ├── BudgetExceeded        the worst case does not fit what is left
    ├── LimitRefused          a limit that a budget can't be given (why)
    ├── LimitChanged          a limit is not what its changer saw (who changed it, and when)
    ├── AlreadySettled        an unconfirmed call that was settled otherwise (by whom, and when)
    ├── NotReplayable         a dead letter that is no event for the door
    ├── StepRefused           a step whose name does not belong to its execution
    ├── NotAPerson            the caller's identity is nobody's
    ├── DecisionRefused       a decision that does not count (why, and the facts of the first)
    └── ApprovalMissing       a call that needs a person's approval, and has none

Step Functions matches the bare class name and never a base class: a leaf that a machine
handles by name is written in its ASL (tests/contract checks both directions).
No message carries a value of anybody's data: a JSON pointer and a keyword at most.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class InterlockError(Exception):
    """Base of every error raised on purpose."""


class TransientError(InterlockError):
    """May succeed if tried again."""


class PermanentError(InterlockError):
    """Fails again with the same input."""


class StoreContention(TransientError):
    """A conditional write lost its race more often than is plausible."""


class BusUnavailable(TransientError):
    """The bus did not take an event, and no outbox keeps it."""


class InvalidJson(PermanentError):
    """Text that is not strict JSON; says why, and where when that is known."""

    def __init__(self, reason: str, pointer: str | None = None) -> None:
        self.reason = reason
        self.pointer = pointer
        super().__init__(reason if pointer is None else f"{reason} at {pointer or '(root)'}")


class TicketRefused(PermanentError):
    """A ticket that is forged, expired, or that belongs to another run."""


class UnknownDefinition(PermanentError):
    """The catalog holds no such definition, version or label."""


class TargetEnded(PermanentError):
    """A task whose route leads to a target past the day on which its vendor stops serving it."""


class LabelMoved(PermanentError):
    """A label is not where its mover saw it: says who moved it, and when."""


class DefinitionRefused(PermanentError):
    """A document that may not be published: each place in it that is wrong, and why."""


class DefinitionChanged(PermanentError):
    """A stored version's content does not have the hash it is filed under."""


class ArtifactRefused(PermanentError):
    """A reference that was not minted for this run, or content that is not what it names."""


class RunNotOpen(PermanentError):
    """The run is closed, cancelling, or stopped."""


class UseNotDeclared(PermanentError):
    """The workflow did not declare this AI task or operation under `uses`."""


class VariablesRejected(PermanentError):
    """Variables that do not fit the task's schema."""


class FieldsRejected(PermanentError):
    """Fields that do not fit the operation's request schema."""


class PromptTooLarge(PermanentError):
    """The rendered prompt, at its upper bound in tokens, does not fit the target."""


class NoTargetAllowed(PermanentError):
    """No target of the task's route meets the conditions on it; says each with its condition."""


class OnRecordError(PermanentError):
    """Base of the errors that end a step over what came from outside.

    Attributes
    ----------
    record
        Findings: rule, JSON pointer, why, or score, family, spans; no value.
    """

    def __init__(self, rule: str, record: Sequence[Mapping[str, Any]] = ()) -> None:
        self.record = tuple(dict(one) for one in record)
        super().__init__(rule)


class FileRefused(OnRecordError):
    """A file that is broken, locked, too large, or no file of its declared kind."""


class InputTooLong(OnRecordError):
    """A variable over its declared limit, which its task does not let anybody cut."""


class InputInParts(OnRecordError):
    """A variable over its declared limit, which its task wants asked about part by part.

    Attributes
    ----------
    parts
        Their number.
    """

    def __init__(self, rule: str, parts: int, record: Sequence[Mapping[str, Any]] = ()) -> None:
        self.parts = parts
        super().__init__(rule, record)


class InputMissing(OnRecordError):
    """A variable that its task declares, and that is absent or empty."""


class InputBlocked(OnRecordError):
    """The policy lets nobody send a variable; says which rule, and what goes on record."""


class GuardUnavailable(OnRecordError):
    """A detector outside, which the policy names, said nothing; so nothing is passed on."""


class PersonRequired(OnRecordError):
    """A person looks first: the policy wants it of a text, or the task of an input that lacks."""


class BudgetBusy(PermanentError):
    """Enough money exists, but it is in flight or lies on a full shard."""


class MoneyInFlight(PermanentError):
    """The budget is busy, and its step may still wait for a settlement."""


class BudgetExceeded(PermanentError):
    """Free money and everything that may come back do not cover the worst case."""


class LimitRefused(PermanentError):
    """A limit that a budget can't be given: says why."""


class LimitChanged(PermanentError):
    """A budget's limit is not what its changer saw: says who changed it, and when."""


class AlreadySettled(PermanentError):
    """An unconfirmed call that somebody settled otherwise: says who, when, and at what."""


class NotReplayable(PermanentError):
    """A dead letter that is no event for the door."""


class StepRefused(PermanentError):
    """The execution's own name does not belong to the run and step it was given."""


class NotAPerson(PermanentError):
    """Whoever signed the request can't be taken for a person."""


class DecisionRefused(PermanentError):
    """A decision that does not count.

    Attributes
    ----------
    reason
        Which rule it breaks, as a code.
    facts
        What is known instead: who decided first, which content there is now.
    """

    def __init__(self, reason: str, sentence: str, /, **facts: object) -> None:
        self.reason = reason
        self.facts = facts
        super().__init__(sentence)


class ApprovalMissing(PermanentError):
    """The workflow declares that a person approves this call first, and nobody did."""
