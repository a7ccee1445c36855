"""The resource types that the laptop cloud plays: one small class a type."""

from interlock.local.deploy.resources import (
    buckets,
    custom,
    events,
    functions,
    identities,
    keys,
    machines,
    mappings,
    observing,
    queues,
    secrets,
    tables,
    topics,
)
from interlock.local.deploy.resources.kind import KINDS, Kind, Made, Request, Site

__all__ = [
    "KINDS",
    "Kind",
    "Made",
    "Request",
    "Site",
    "buckets",
    "custom",
    "events",
    "functions",
    "identities",
    "keys",
    "machines",
    "mappings",
    "observing",
    "queues",
    "secrets",
    "tables",
    "topics",
]
