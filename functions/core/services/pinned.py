"""What admission pinned for an AI step, read back from its run."""

from dataclasses import dataclass

from functions.core.domain.ai_step import Step
from functions.core.domain.ai_tasks import AiTask
from functions.core.domain.errors import RunNotOpen, UnknownDefinition, UseNotDeclared
from functions.core.domain.expressions import Item
from functions.core.domain.inheritance import in_force
from functions.core.domain.policies import Policy
from functions.core.domain.routes import DataClass, Route
from functions.core.domain.run import WORKING, run_ref
from functions.core.domain.serving import data_class
from functions.core.domain.targets import Models
from functions.core.services.tools import Tools


@dataclass(frozen=True)
class Pinned:
    """The versions that hold for the step, whatever was published since."""

    item: Item
    """The run's."""
    task: AiTask
    task_version: str
    models: Models
    policy: Policy
    """As it is in force today: an exception may have ended."""
    policy_version: str
    route: Route

    @property
    def data_class(self) -> DataClass:
        """What class of data the task is given."""
        return data_class(self.task, self.policy)


def read_pinned(tools: Tools, step: Step) -> Pinned:
    """Return what was pinned for *step*.

    Raises
    ------
    RunNotOpen
        The run does no more work.
    UseNotDeclared
        Its workflow does not declare the task.
    UnknownDefinition
        The task names a policy that was not pinned, or a route that its models don't have.
    """
    item = tools.store.get(run_ref(step.run))
    if item is None or item["status"] not in WORKING:
        raise RunNotOpen(f"the run is {item['status'] if item else 'unknown'}")
    pins = item["pins"]
    version = pins.get(f"ai_task#{step.task}")
    if version is None:
        raise UseNotDeclared(f"{item['workflow']} does not declare the AI task")
    task = tools.catalog.pinned("ai_task", step.task, version, AiTask)
    models = tools.catalog.pinned("models", "models", pins["models#models"], Models)
    policy_version = pins.get(f"policy#{task.policy}")
    if policy_version is None:
        raise UnknownDefinition(f"no policy {task.policy} was pinned")
    policy = in_force(
        tools.catalog.pinned("policy", task.policy, policy_version, Policy),
        tools.clock.now().date(),
    )
    route = models.route(task.route)
    if route is None:
        raise UnknownDefinition(f"no route {task.route}")
    return Pinned(item, task, version, models, policy, str(policy_version), route)
