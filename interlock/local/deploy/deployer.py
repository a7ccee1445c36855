"""Deploys a whole assembly, and again over a running cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from interlock.local.deploy.assembly import Assembly, Asset
from interlock.local.deploy.problems import DeployFailed, UnknownType
from interlock.local.deploy.resources import Site
from interlock.local.deploy.stack import Across, Stack, unknown_types

#: CDK's templates read their bootstrap version from here; any that CDK accepts will do.
BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_VERSION = "30"


class Deployer:
    """Puts assemblies into one cloud.

    Parameters
    ----------
    site
        The cloud.
    progress
        Told what is being deployed.
    """

    def __init__(self, site: Site, progress: Callable[[str], None] = lambda _: None) -> None:
        self._site = site
        self._progress = progress
        self._across = Across()
        self._uploaded: set[str] = set()
        self.stacks: dict[str, Stack] = {}

    def deploy(self, assembly: Assembly, parameters: Mapping[str, str]) -> None:
        """Make of the cloud what the assembly says.

        Stacks that are new are created, others updated, and those that are gone deleted.
        A stack that fails is put back as it was, and stops the deployment; the stacks before it
        stay as they are now, as `cdk deploy --all` leaves them.

        Raises
        ------
        DeployFailed
            Naming stack, logical id and type.
        """
        bodies = {stack.name: stack.body for stack in assembly.stacks}
        unknown = [u for name, body in bodies.items() for u in unknown_types(name, body)]
        if unknown:
            raise UnknownType(f"the laptop cloud does not know: {', '.join(unknown)}")
        declared = {name for body in bodies.values() for name in body.get("Parameters", {})}
        if strange := set(parameters) - declared:
            raise DeployFailed(f"no stack has a parameter {', '.join(sorted(strange))}")
        self._bootstrap(assembly)
        for template in assembly.stacks:
            self._progress(template.name)
            known = self.stacks.get(template.name)
            stack = known or Stack(template.name, self._site, self._across)
            stack.deploy(template.text, bodies[template.name], parameters)
            self.stacks[template.name] = stack
        for name in [name for name in reversed(self.stacks) if name not in bodies]:
            self.stacks.pop(name).delete()

    def _bootstrap(self, assembly: Assembly) -> None:
        """Bring what ``cdk bootstrap`` and the upload of assets would have brought."""
        if not self._uploaded:
            self._site.client("ssm").put_parameter(
                Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
            )
            self._site.client("s3").create_bucket(Bucket=self._bucket)
            self._uploaded.add("")
        self._site.assets.update(assembly.assets)
        for asset in assembly.assets.values():
            if asset.path.is_file() and asset.key not in self._uploaded:
                self._upload(asset)

    @property
    def _bucket(self) -> str:
        return f"cdk-hnb659fds-assets-{self._site.account}-{self._site.region}"

    def _upload(self, asset: Asset) -> None:
        # folders stay on disk, where functions and layers run from
        self._site.client("s3").put_object(
            Bucket=self._bucket, Key=asset.key, Body=asset.path.read_bytes()
        )
        self._uploaded.add(asset.key)
