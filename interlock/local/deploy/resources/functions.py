"""Lambda functions, versions, aliases, layers and who may invoke them."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from interlock.local.deploy.problems import UnknownProperty
from interlock.local.deploy.resources.kind import (
    Kind,
    Made,
    Put,
    Request,
    changed,
    fitting,
    number,
    text,
)

_CONFIGURATION = (
    "Handler",
    "Role",
    "Runtime",
    "Timeout",
    "MemorySize",
    "Environment",
    "Layers",
    "Description",
)


class Function(Kind):
    """``AWS::Lambda::Function``: Python code of a folder asset, run in worker processes."""

    type = "AWS::Lambda::Function"
    properties = ("FunctionName", "Code", "LoggingConfig", *_CONFIGURATION)
    without_effect = (
        "Tags",
        "Architectures",
        "TracingConfig",
        "EphemeralStorage",
        "ReservedConcurrentExecutions",
        "RecursiveLoop",
        "RuntimeManagementConfig",
        "VpcConfig",
    )

    def create(self, request: Request) -> Made:
        """Register the function; its workers start with the first invocation."""
        client = request.site.client("lambda")
        runtime = str(request.properties.get("Runtime"))
        if not runtime.startswith("python"):
            raise UnknownProperty(f"Runtime {runtime}: only Python functions run here")
        name = request.properties.get("FunctionName") or fitting(request.name, 64)
        parameters = request.get(*_CONFIGURATION)
        code = _code(request, request.properties["Code"])
        made = client.create_function(
            FunctionName=name, Code={"ZipFile": code}, **_numbers(parameters)
        )
        _remember_logs(request, name)
        return Made(name, {"Arn": made["FunctionArn"]})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Change code and configuration; versions that were published keep theirs."""
        differ = changed(old, request.properties)
        if "FunctionName" in differ:
            return None
        client = request.site.client("lambda")
        if "Code" in differ:
            code = _code(request, request.properties["Code"])
            client.update_function_code(FunctionName=made.ref, ZipFile=code)
        if differ & set(_CONFIGURATION):
            empty: dict[str, Any] = {"Environment": {"Variables": {}}, "Layers": []}
            wanted = {n: request.properties.get(n, empty.get(n)) for n in _CONFIGURATION}
            client.update_function_configuration(
                FunctionName=made.ref,
                **_numbers({n: value for n, value in wanted.items() if value is not None}),
            )
        _remember_logs(request, made.ref)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the function with its versions."""
        request.site.client("lambda").delete_function(FunctionName=made.ref)


class Version(Kind):
    """``AWS::Lambda::Version``: an immutable copy of code and configuration."""

    type = "AWS::Lambda::Version"
    properties = ("FunctionName", "Description", "CodeSha256")
    without_effect = ("ProvisionedConcurrencyConfig", "RuntimePolicy")

    def create(self, request: Request) -> Made:
        """Publish what the function is now."""
        published = request.site.client("lambda").publish_version(
            FunctionName=request.properties["FunctionName"], **request.get("Description")
        )
        arn = published["FunctionArn"]
        return Made(arn, {"Version": published["Version"], "FunctionArn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Keep the version: what it is made of can't be changed."""
        return None if changed(old, request.properties) & {"FunctionName"} else made

    def delete(self, request: Request, made: Made) -> None:
        """Remove the version."""
        request.site.client("lambda").delete_function(
            FunctionName=request.properties["FunctionName"],
            Qualifier=made.attributes["Version"],
        )


class Alias(Kind):
    """``AWS::Lambda::Alias``."""

    type = "AWS::Lambda::Alias"
    properties = ("FunctionName", "Name", "FunctionVersion", "Description")
    without_effect = ("ProvisionedConcurrencyConfig",)

    def create(self, request: Request) -> Made:
        """Make the alias."""
        arn = request.site.client("lambda").create_alias(
            **request.get("FunctionName", "Name", "FunctionVersion", "Description")
        )["AliasArn"]
        return Made(arn, {"AliasArn": arn})

    def update(self, request: Request, made: Made, old: Mapping[str, Any]) -> Made | None:
        """Move the alias."""
        if changed(old, request.properties) & {"FunctionName", "Name"}:
            return None
        request.site.client("lambda").update_alias(
            **request.get("FunctionName", "Name", "FunctionVersion", "Description")
        )
        return made

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        """Remove the alias."""
        request.site.client("lambda").delete_alias(**request.get("FunctionName", "Name"))


class LayerVersion(Kind):
    """``AWS::Lambda::LayerVersion``: its twin for this machine is what functions get."""

    type = "AWS::Lambda::LayerVersion"
    properties = ("LayerName", "Content", "Description")
    without_effect = ("CompatibleArchitectures", "CompatibleRuntimes", "LicenseInfo")

    def create(self, request: Request) -> Made:
        """Build (or find) the twin and publish the layer."""
        asset = request.site.assets[request.properties["Content"]["S3Key"]]
        folder = request.site.twin(asset.path)
        arn = request.site.client("lambda").publish_layer_version(
            LayerName=request.properties.get("LayerName") or fitting(request.name, 64),
            Content={"ZipFile": _token(asset.key)},
            **request.get("Description"),
        )["LayerVersionArn"]
        request.site.layers[arn] = str(folder)
        return Made(arn, {"LayerVersionArn": arn})

    def delete(self, request: Request, made: Made) -> None:
        """Remove the layer version; functions that have it keep it."""
        name, version = made.ref.rsplit(":", 2)[-2:]
        request.site.client("lambda").delete_layer_version(
            LayerName=name, VersionNumber=int(version)
        )


class Permission(Kind):
    """``AWS::Lambda::Permission``: a statement of a function's resource policy."""

    type = "AWS::Lambda::Permission"
    properties = ("FunctionName", "Action", "Principal", "SourceArn", "SourceAccount")
    without_effect = ("FunctionUrlAuthType", "PrincipalOrgID", "InvokedViaFunctionUrl")

    def create(self, request: Request) -> Made:
        """Add the statement."""
        statement = fitting(request.name, 100)
        name, qualifier = _split(request.properties["FunctionName"])
        request.site.client("lambda").add_permission(
            FunctionName=name,
            StatementId=statement,
            **({"Qualifier": qualifier} if qualifier else {}),
            **request.get("Action", "Principal", "SourceArn", "SourceAccount"),
        )
        return Made(statement)

    def delete(self, request: Request, made: Made) -> None:
        """Remove the statement."""
        name, qualifier = _split(request.properties["FunctionName"])
        request.site.client("lambda").remove_permission(
            FunctionName=name,
            StatementId=made.ref,
            **({"Qualifier": qualifier} if qualifier else {}),
        )


class Url(Kind):
    """``AWS::Lambda::Url``: served by this cloud itself, signed requests only."""

    type = "AWS::Lambda::Url"
    properties = ("TargetFunctionArn", "Qualifier", "AuthType", "InvokeMode")
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Serve it."""
        given = request.properties
        if given["AuthType"] != "AWS_IAM" or given.get("InvokeMode", "BUFFERED") != "BUFFERED":
            raise UnknownProperty("AuthType, InvokeMode: only AWS_IAM and BUFFERED are played here")
        name, _ = _split(given["TargetFunctionArn"])
        qualifier = given.get("Qualifier")
        arn = request.site.arn(
            "lambda", f"function:{name}" + (f":{qualifier}" if qualifier else "")
        )
        identity = hashlib.sha256(request.name.encode()).hexdigest()[:32]
        request.site.urls[identity] = arn
        url = f"{request.site.endpoint}/_url/{identity}/"
        request.site.client("lambda").create_function_url_config(
            FunctionName=name, AuthType="AWS_IAM"
        )
        _moto_function(request, name).url_config.url = url  # moto names one that nobody serves
        return Made(arn, {"FunctionArn": arn, "FunctionUrl": url})

    def delete(self, request: Request, made: Made) -> None:
        """Serve it no more."""
        identity = made.attributes["FunctionUrl"].rstrip("/").rpartition("/")[2]
        request.site.urls.pop(identity, None)
        name, _ = _split(made.attributes["FunctionArn"])
        request.site.client("lambda").delete_function_url_config(FunctionName=name)


class EventInvokeConfig(Put):
    """``AWS::Lambda::EventInvokeConfig``: retries and destinations of asynchronous events."""

    type = "AWS::Lambda::EventInvokeConfig"
    properties = (
        "FunctionName",
        "Qualifier",
        "MaximumRetryAttempts",
        "MaximumEventAgeInSeconds",
        "DestinationConfig",
    )
    without_effect = ()

    def create(self, request: Request) -> Made:
        """Put the configuration."""
        request.site.client("lambda").put_function_event_invoke_config(
            FunctionName=request.properties["FunctionName"],
            **_numbers(
                request.get("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")
            ),
        )
        return Made(request.name)

    def delete(self, request: Request, made: Made) -> None:  # noqa: ARG002
        """Remove the configuration."""
        request.site.client("lambda").delete_function_event_invoke_config(
            FunctionName=request.properties["FunctionName"]
        )


def _numbers(parameters: dict[str, Any]) -> dict[str, Any]:
    names = ("Timeout", "MemorySize", "MaximumRetryAttempts", "MaximumEventAgeInSeconds")
    return {k: number(v) if k in names else v for k, v in parameters.items()}


def _split(function: str) -> tuple[str, str | None]:
    """Return name and qualifier of a function's name or ARN."""
    parts = function.rsplit(":function:", maxsplit=1)[-1].split(":")
    return parts[0], parts[1] if len(parts) > 1 else None


def _token(key: str) -> bytes:
    """Return a small archive that stands for an asset: the code runs from its folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("asset"), key)
    return made.getvalue()


def _code(request: Request, code: Mapping[str, Any]) -> bytes:
    if "S3Key" not in code:
        raise UnknownProperty(f"Code: only assets run here, not {', '.join(sorted(code))}")
    asset = request.site.assets.get(code["S3Key"])
    if asset is None or not asset.path.is_dir():
        raise UnknownProperty(f"Code: {code['S3Key']} is no folder asset of this assembly")
    token = _token(asset.key)
    digest = base64.b64encode(hashlib.sha256(token).digest()).decode()
    request.site.code[digest] = str(asset.path)
    return token


def _moto_function(request: Request, name: str) -> Any:
    from moto.awslambda.models import lambda_backends

    return lambda_backends[request.site.account][request.site.region].get_function(name)


def _remember_logs(request: Request, name: str) -> None:
    """Name the log group on moto's function: its API has no place for it."""
    logging = request.properties.get("LoggingConfig") or {}
    function = _moto_function(request, name)
    function.logs_group_name = text(logging.get("LogGroup", f"/aws/lambda/{name}"))
    function.logging_config = dict(logging)
