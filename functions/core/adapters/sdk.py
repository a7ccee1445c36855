"""botocore's own session, for few services and a quick start."""

import gzip
from pathlib import Path
from typing import Any, Final

from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session
from pydantic_core import from_json

SERVICES: Final = ("dynamodb", "events", "s3", "secretsmanager", "sqs", "stepfunctions")
"""The services that functions have clients of."""


class _Files(JSONFileLoader):
    """Reads botocore's data with pydantic's parser: in a third of the time of botocore's own.

    That keeps the order of members in `OrderedDict`s; a `dict` does so by itself.
    """

    def load_file(self, file_path: str) -> Any:
        """Return what the file of that name, which goes without its ending, holds, or None."""
        for ending, read in ((".json", bytes), (".json.gz", gzip.decompress)):
            try:
                content = Path(file_path + ending).read_bytes()
            except FileNotFoundError:
                continue
            return from_json(read(content))
        return None


class _Data(Loader):
    """botocore's data as it lies in its package."""

    def __init__(self) -> None:
        super().__init__(file_loader=_Files())

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore's
        """Return our services; botocore would list four hundred twice to see that they exist."""
        return list(SERVICES)


def session() -> Session:
    """Return a session: botocore's, since boto3 adds 30 ms and nothing that we use."""
    made = Session()
    made.register_component("data_loader", _Data())
    return made
