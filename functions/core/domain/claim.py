"""What every governed step claims to be, as its platform machine passes it to each function."""

from pydantic import BaseModel, ConfigDict


class Claim(BaseModel):
    """A step of a run, by name; believed once ticket and execution bear it out."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    run: str
    ticket: str
    step: str
    execution: str
    """The name of the platform execution that asks."""
