"""Lays the platform's sources into a release; a checkout that is installed in place has them."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedSources(BuildHookInterface):  # type: ignore[type-arg]
    """Adds what pyproject.toml names as shipped, to wheels that are not editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Say where each file goes, before the wheel is written."""
        if version != "editable":
            build_data["force_include"].update(self.config["shipped"])
