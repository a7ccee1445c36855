"""Event source mappings that run: queues and streams polled as the function's role."""

from interlock.local.sources.running import RunningMappings

__all__ = ["RunningMappings"]
