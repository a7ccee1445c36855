"""A deployment's half of the catalog: the compiled definitions, and who publishes them."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aws_cdk import AssetHashType, CustomResource, Duration
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from infra.wiring import CATALOG_SECONDS


class CatalogPublication(Construct):
    """Hands a compiled catalog to `publish_catalog` at each deployment that changes it."""

    def __init__(
        self, scope: Construct, id_: str, *, compiled: Mapping[str, Any], publisher_arn: str
    ) -> None:
        """Upload *compiled* as it is, and call the function behind *publisher_arn*."""
        super().__init__(scope, id_)
        text = json.dumps(compiled, sort_keys=True, ensure_ascii=False, indent=1) + "\n"
        digest = hashlib.sha256(text.encode()).hexdigest()
        with tempfile.TemporaryDirectory(prefix="interlock-catalog-") as folder:
            path = Path(folder) / "catalog.json"
            path.write_text(text, encoding="utf-8")
            asset = s3_assets.Asset(
                self,
                "Compiled",
                path=str(path),
                asset_hash=digest,
                asset_hash_type=AssetHashType.CUSTOM,
            )
        self.resource = CustomResource(
            self,
            "Published",
            resource_type="Custom::InterlockCatalog",
            service_token=publisher_arn,
            service_timeout=Duration.seconds(CATALOG_SECONDS),
            pascal_case_properties=False,
            properties={"Bucket": asset.s3_bucket_name, "Key": asset.s3_object_key},
        )
