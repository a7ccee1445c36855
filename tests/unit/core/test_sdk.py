"""What botocore is told of the services."""

import pytest
from botocore.loaders import Loader

from functions.core.adapters.sdk import SERVICES, session


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1"])
def test_it_says_of_a_service_what_botocore_says(service: str, kind: str) -> None:
    """A service's model and rules are those of the package, member for member and in order."""
    read = session().get_component("data_loader").load_service_model(service, kind)

    own = Loader().load_service_model(service, kind)
    assert own == read
    assert list(own) == list(read)


def test_it_finds_the_endpoint_that_botocore_finds() -> None:
    """A client of ours goes where botocore's own goes, in any partition."""
    for region in ("us-east-1", "cn-north-1", "us-gov-west-1"):
        client = session().create_client("s3", region_name=region)

        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        assert client.meta.endpoint_url in {f"https://s3.{region}.{suffix}", f"https://s3.{suffix}"}
        client.close()
