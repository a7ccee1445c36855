"""What reasons mean, and what to do about them: one table, reason -> sentences.

A reason is a word, or a word and a detail (`UNKNOWN 503`, `SCHEMA: /category enum`). One that
is not in the table is shown as it is.
"""

_AGAIN = "Put the event again once that is mended; the same event starts no second run."
_CORRECT = "Correct the event and replay it with --event FILE."
_BUDGET = "Wait for the running calls to settle, or have the budget raised in catalog/budgets.toml."
_ANSWER = (
    "The answer breaks this rule of the policy and was withheld.",
    "See where: interlock evidence show RUN; the rule: interlock policies show TASK.",
)

_ANY = {
    "BudgetBusy": ("Money for the call exists, but running calls hold it.", _BUDGET),
    "MoneyInFlight": (
        "Money for the call exists, but running calls hold it; the step waits for it.",
        _BUDGET,
    ),
    "BUDGET_BUSY": ("Money for the call exists, but running calls hold it.", _BUDGET),
    "BudgetExceeded": (
        "The worst case of the call costs more than its budget, one above it, or the run's own "
        "limit has left; nothing was sent.",
        "Raise the limit in catalog/budgets.toml: it holds from the budget's next period on.",
    ),
    "NoTargetAllowed": (
        "No target of the route may be given the task's data; nothing was sent.",
        "See what each of them misses: interlock models show ROUTE.",
    ),
    "InputBlocked": (
        "A text from outside looks as if it gave the model orders, and the policy blocks that; "
        "nothing was sent.",
        "See which field and why: interlock evidence show RUN; the rule: interlock policies show.",
    ),
    "PersonRequired": (
        "A person has to look first: a text from outside looks as if it gave the model orders, "
        "or a declared input is missing; nothing was sent.",
        "See which it is: interlock evidence show RUN. Put the event again without the orders or "
        "with the input, or decide the case by hand.",
    ),
    "FileRefused": (
        "A file is broken, locked, too large, or not of the kind that its task declares; nothing "
        "was sent.",
        "See which and why: interlock evidence show RUN. Put the event again with a file as "
        "task.toml declares it.",
    ),
    "InputTooLong": (
        "A variable is longer than its task declares; nothing was sent.",
        "See which: interlock evidence show RUN. Shorten it, raise its limit in task.toml, or "
        'declare when_longer = "truncate" there.',
    ),
    "InputInParts": (
        "A variable is longer than its task declares, and is to be asked about part by part; "
        "nothing was sent by this step.",
        "Let the workflow go on with a Map over the answer's parts: see Write an AI task.",
    ),
    "InputMissing": (
        "A variable that the task declares is absent or has no text in it; nothing was sent.",
        "See which: interlock evidence show RUN. Put the event again with it, or declare in "
        "task.toml what is done without it.",
    ),
    "GuardUnavailable": (
        "A detector that the policy names did not answer: a guardrail, or the analyzer of names. "
        "Nothing was passed on.",
        "See which and why: interlock evidence show RUN; then put the event again.",
    ),
    "answer.guardrail": (
        "A guardrail of the policy would not let the answer pass, which was withheld.",
        "See what it found: interlock evidence show RUN.",
    ),
    "CANARY_IN_ANSWER": (
        "The answer carried the system prompt's canary: the model was brought to repeat its "
        "instructions. The answer was withheld.",
        "Treat the input as an attack: interlock evidence show RUN.",
    ),
    "TARGET_FORBIDDEN": (
        "The target may not be given the task's data, as it stood right before the call; nothing "
        "was sent.",
        "See what it misses: interlock models show TARGET.",
    ),
    "TARGET_THROTTLED": (
        "The model's provider asked to wait, and the step had waited as long as its route lets it.",
        "Raise wait_seconds of the route, or add a target to it: catalog/models.toml.",
    ),
    "TARGET_DOWN": (
        "The target failed others, and was passed over for longer than the step may wait.",
        "Add a target to the route, or see what its provider says: interlock models show ROUTE.",
    ),
    "BOUND_TOO_LOW": (
        "Calls of the target cost more than this one was bounded by; it was prepared anew.",
        "Nothing: the bound is raised for all that follow.",
    ),
    "RATE_LIMITED": (
        "Our own limit a minute was used up for longer than the step may wait; nothing was sent.",
        "Raise the target's limits a minute, or wait_seconds of the route: catalog/models.toml.",
    ),
    "answer.texts.forbidden": _ANSWER,
    "answer.texts.required": _ANSWER,
    "answer.links": _ANSWER,
    "answer.markup": _ANSWER,
    "answer.grounding.quotes": _ANSWER,
    "answer.grounding.numbers": _ANSWER,
    "answer.language": _ANSWER,
    "answer.business": (
        "A business rule of the policy is not true of the answer, which was withheld.",
        "Read the rule: interlock policies show TASK.",
    ),
    "answer.business.failed": (
        "A business rule of the policy could not be evaluated over the answer, which was withheld.",
        "See why: interlock evidence show RUN; the rule: interlock policies show TASK.",
    ),
    "PromptTooLarge": (
        "Prompt and answer together exceed what the target can take; nothing was sent.",
        "Shorten the input, or choose a target with a larger context in catalog/models.toml.",
    ),
    "VariablesRejected": (
        "The workflow passed variables that do not fit the task's variables.schema.json.",
        "Compare the state's arguments with the schema: the reason names place and rule.",
    ),
    "FieldsRejected": (
        "The request does not fit the operation's schema; nothing was sent.",
        "Compare the state's fields with the operation in catalog/systems.",
    ),
    "UseNotDeclared": (
        "The workflow did not declare this AI task or operation; that door stays shut.",
        "Add it under [uses] in workflow.toml and deploy.",
    ),
    "UnknownDefinition": (
        "A definition that the run needs is not in the catalog.",
        "Deploy the catalog: cdk deploy --all, or interlock local reload.",
    ),
    "DefinitionChanged": (
        "A stored version no longer has the hash it is filed under: somebody changed the table.",
        "Treat it as an incident; who may write the catalog table?",
    ),
    "ArtifactRefused": (
        "A value came by a reference that was not minted for this run, or is not kept any more.",
        "Pass references on unchanged, and only within their run.",
    ),
    "TicketRefused": (
        "The state machine passed a ticket that is not this run's.",
        "Pass $states.input.ticket unchanged to every platform machine.",
    ),
    "StepRefused": (
        "The nested execution does not have the name that its step gives it.",
        "Take Name and step from the sample workflow unchanged.",
    ),
    "ApprovalMissing": (
        "The workflow declares that a person approves this call first, and nobody did.",
        "Let the state name the approval's step, and route to it only once it was approved.",
    ),
    "NotAPerson": (
        "Whoever signed the decision can't be taken for a person.",
        "Sign as a user or an assumed role: interlock approvals show ID says who may decide.",
    ),
    "DecisionRefused": (
        "A decision did not count: it came too late, twice, or from somebody who may not decide.",
        "See what was decided: interlock approvals show ID.",
    ),
    "REJECTED": ("A person rejected it; nothing was done.", "See why: interlock runs show RUN."),
    "EXPIRED": (
        "Nobody decided in time, and the approval declares that this rejects it.",
        "See who was asked, and for how long: approvals in workflow.toml.",
    ),
    "RUN_ENDED": ("The run was over before anybody decided.", ""),
    "RunNotOpen": ("The run was over, or cancelled, when the step began.", ""),
    "RUN_NOT_OPEN": (
        "The run was over right before the call; nothing was sent.",
        "",
    ),
    "USE_NOT_PINNED": (
        "What was about to be called is not what admission pinned; nothing was sent.",
        "Look at the run's pins: interlock runs show RUN --json.",
    ),
    "STOPPED": (
        "An emergency stop forbade the call right before it; nothing was sent.",
        "Clear the stop when it is safe: interlock stop clear SCOPE --why TEXT.",
    ),
    "NO_BASE_URL": (
        "This stage does not say where the system lives.",
        "Set the system's address in the stage's settings (infra/settings.py) and deploy.",
    ),
    "Lambda.Unknown": ("A function died without an answer.", "Look at its log for the cause."),
    "Runtime.ExitError": ("A function's process died.", "Look at its log for the cause."),
    "Sandbox.Timedout": (
        "A function ran into its time limit.",
        "Is the model or system slower than the task's deadline? See its log.",
    ),
    "States.Timeout": (
        "A state or the whole workflow took longer than its TimeoutSeconds.",
        "See in which state it was: interlock runs show RUN.",
    ),
    "States.TaskFailed": (
        "A state of the workflow failed in a way that no rule of the platform governs.",
        "Open the workflow's execution in the Step Functions console: its last state says why.",
    ),
    "States.QueryEvaluationError": (
        "A JSONata expression in the workflow could not be evaluated.",
        "Open the workflow's execution in the console: the event names the field.",
    ),
    "States.DataLimitExceeded": (
        "A state's data grew over 256 KiB.",
        "Let large values travel as artifact references, as the door makes them.",
    ),
    "EXECUTION_FAILED": ("The supervising execution failed before it could say why.", ""),
    "EXECUTION_TIMED_OUT": ("The supervising execution ran out of time.", ""),
    "EXECUTION_ABORTED": (
        "Somebody stopped the supervising execution in the console or by the API.",
        "To end a run on record, use: interlock runs cancel RUN --why TEXT.",
    ),
    "EXECUTION_ENDED": ("Its execution was over without having written the run's end.", ""),
    "NOT_ADMITTED": ("The run was closed before admission.", ""),
    "OUTCOME_UNKNOWN": (
        "The request may or may not have been done, and a second one could double it.",
        "Look into the system itself before anything is repeated.",
    ),
    "FAILED": ("The workflow said that it failed, without a reason.", ""),
}
_MODEL = {
    "SCHEMA": (
        "The model's answer misses the task's output schema, in each attempt; it was not used.",
        "The reason names place and rule. Make the prompt or the schema clearer.",
    ),
    "CUT": (
        "The answer ended at the limit on output; a cut answer is never completed.",
        "Raise limits.max_output_tokens of the task, or bound the schema's texts.",
    ),
    "TRUNCATED": (
        "The answer ends inside a value; a cut answer is never completed.",
        "Raise limits.max_output_tokens of the task, or bound the schema's texts.",
    ),
    "REFUSED": ("The model, or its provider's filter, declined to answer.", "Look at the prompt."),
    "EMPTY": ("The model answered without any text.", "Try another target on the route."),
    "TOOL_USE": ("The model called a tool where a text was asked for.", ""),
    "NO_AGREEMENT": (
        "The task is asked several times, and too few of the answers say the same; none was taken.",
        "Compare them: each attempt's answer is in the evidence. Then decide, or run it again.",
    ),
    "LOW_CONFIDENCE": (
        "The answer fits, and is less sure of itself than the task's min_confidence; not taken.",
        "Look at the proposal: interlock runs show RUN. Then decide it by hand.",
    ),
    "NO_JSON": ("The model answered prose where JSON was asked for.", ""),
    "NOT_STRICT": ("The answer looks like JSON and is none.", ""),
    "TWO_VALUES": ("The answer holds more than one value, and nothing says which is meant.", ""),
    "MARKUP": ("A page of HTML or XML came back: a proxy, not the model.", "Check the base_url."),
    "THROTTLED": ("The provider had no capacity for us, in each attempt.", "Try again later."),
    "TOO_LARGE": ("The provider says that prompt and answer exceed what it takes.", ""),
    "REJECTED": (
        "The provider refuses the request itself: wrong key, unknown parameter or model.",
        "Check the target in catalog/models.toml and its secret.",
    ),
    "UNAVAILABLE": ("The provider could not be reached; nothing was sent.", "Check the base_url."),
    "UNKNOWN": (
        "The provider did not answer in a way that can be read; it may have charged the call.",
        "The worst case is booked; settle it by the vendor's invoice.",
    ),
}
_SYSTEM = {
    "RESPONSE_SCHEMA": (
        "The system answered something that its declared response schema does not allow.",
        "Compare the system's answer with catalog/systems: the reason names place and rule.",
    ),
    "REJECTED": ("The system refused the request; the same one would fail again.", ""),
    "CONFLICT": ("The system says that the request conflicts with what it holds.", ""),
    "THROTTLED": ("The system asked us to wait, in each attempt.", _AGAIN),
    "UNAVAILABLE": ("The system could not be reached; nothing was sent.", _AGAIN),
    "UNKNOWN": (
        "The system did not answer in a way that can be read: it may have done the work.",
        "Look into the system before anything is repeated.",
    ),
}
_OPEN = {
    "RECEIVED": (
        "It is accepted and its execution is about to start; sweep starts it if nobody did.",
        "",
    ),
    "HELD": (
        "An emergency stop holds it before admission.",
        "It goes on within a minute after: interlock stop clear SCOPE --why TEXT.",
    ),
    "CANCELLING": ("It was cancelled; it ends when nobody can still be sending for it.", ""),
}
_DOOR = {
    "DISCARDED": (
        "It was not refused: somebody took it out of a dead-letter queue, and said why.",
        "Replay it if that was wrong, while its text is kept.",
    ),
    "INVALID_JSON": ("Its text is no strict JSON; the reason names what, and where.", _CORRECT),
    "ENVELOPE": ("It did not come as rules, schedules and replays wrap events.", ""),
    "NO_SUCH_WORKFLOW": (
        "No workflow of that name is published.",
        "Deploy it and replay the event, or replay it with --workflow NAME.",
    ),
    "NOT_EXTERNAL": (
        "Another machine called a workflow that takes no calls.",
        "Say external = true in its workflow.toml and deploy, or start it by an event.",
    ),
    "PERSONAL_VALUE": (
        "A call brought a personal value in clear; calls take references alone.",
        "Pass the reference that an earlier governed step answered, or use an event.",
    ),
    "SCHEMA": ("It does not fit the workflow's input.schema.json: place and rule.", _CORRECT),
    "FOREIGN_REFERENCE": ("It refers to a value that was not minted for this team.", _CORRECT),
    "FORGED_SOURCE": (
        "It claims to come from interlock itself, without its signature.",
        "Who may put events on this bus?",
    ),
    "TOO_MANY_HOPS": (
        "Events of workflows start one another in a circle; this one was stopped.",
        "Look which workflow's `emits` triggers which.",
    ),
    "OTHER_CONTENT": (
        "A run of the same key exists with other content; a key names one content for ever.",
        "Give the event a key of its own, or leave it.",
    ),
}
_OF_KIND = {"door": _DOOR, "ai_task": _MODEL, "system_call": _SYSTEM, "open": _OPEN}


def meaning_of(reason: str, kind: str = "") -> tuple[str, str]:
    """Return what *reason* of a step of *kind* means, and what to do; empty where unknown."""
    word = reason.replace(":", " ").split(" ")[0]
    if word.startswith("STOPPED_"):
        word = "STOPPED"
    if word.startswith("answer.business."):
        word = "answer.business.failed" if word.endswith(".failed") else "answer.business"
    own = _OF_KIND.get(kind, {})
    if kind == "run":  # a run takes over the reason of its step, whatever that was
        own = {**_SYSTEM, **_MODEL}
    return own.get(word) or _ANY.get(word, ("", ""))
