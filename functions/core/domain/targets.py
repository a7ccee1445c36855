"""Model targets and the routes over them, as `models.toml` declares them."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from functions.core.domain.connections import DIRECT, Connection
from functions.core.domain.documents import UNSAID, Document, Money, Name, Text, require_unique
from functions.core.domain.routes import (
    Capability,
    DataClass,
    Residency,
    Retention,
    Route,
    Routes,
)


class LongContext(Document):
    """What all tokens of a request cost whose prompt is longer than `above_tokens`."""

    above_tokens: Annotated[int, Field(ge=1)]
    input_usd_per_million: Money
    output_usd_per_million: Money
    cached_usd_per_million: Money | None = None
    cache_write_usd_per_million: Money | None = None


class Prices(Document):
    """List prices of a target, with where and when they were read."""

    input_usd_per_million: Money
    output_usd_per_million: Money
    cached_usd_per_million: Money | None = None
    """Of the prompt, what is read from a cache; None: as input."""
    cache_write_usd_per_million: Money | None = None
    """Of the prompt, what is written to a cache; None: as input."""
    long_context: LongContext | None = None
    region_factor: Money = "1"
    """What the region in which it is served multiplies its prices with."""
    per_request_usd: Money = "0"
    as_of: date
    source: Text

    @property
    def free(self) -> bool:
        """Whether a call costs nothing."""
        told = (self.input_usd_per_million, self.output_usd_per_million, self.per_request_usd)
        return not any(Decimal(price) for price in told)


Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+){1,2}-[0-9]$")]
Dialect = Literal[
    "embedded",
    "openai_chat",
    "openai_responses",
    "anthropic_messages",
    "bedrock_converse",
    "gemini_generate",
]

EMBEDDED: Final = "embedded"
"""The dialect of what answers inside the function."""
_JSON_MODE: Final = ("openai_chat", "openai_responses", "gemini_generate")


_Minute = Annotated[int | None, Field(ge=1, exclude_if=lambda told: told is None)]


class TargetLimits(Document):
    """What the target itself can take; a minute's limits are kept before anything is sent."""

    context_tokens: Annotated[int, Field(ge=1)]
    output_tokens: Annotated[int, Field(ge=1)]
    requests_per_minute: _Minute = None
    tokens_per_minute: _Minute = None
    """Prompt and answer together, each at its upper bound."""
    team_requests_per_minute: _Minute = None
    """What each single team has of it."""
    team_tokens_per_minute: _Minute = None


class PassedOver(Document):
    """When a target that fails is passed over, and for how long at first."""

    failures: Annotated[int, Field(ge=1, le=100)] = 3
    """Calls in a row that were not served, whoever made them."""
    seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """Doubled each time its probe fails, up to ten minutes."""


class SigV4(Document):
    """Requests signed as the function's own role; no key.

    For Bedrock the permission follows from the model; for any other service it is said here.
    """

    service: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,40}$")] = "bedrock"
    region: Region | None = None
    """None: the function's own."""
    action: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+:[A-Za-z]+$")] | None = None
    resource: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:[^*\s]+$")] | None = None

    @model_validator(mode="after")
    def _says_its_permission(self) -> Self:
        if self.service != "bedrock" and not (self.action and self.resource):
            raise ValueError("sigv4: a service other than bedrock needs action and resource")
        return self


class Target(Document):
    """One model behind one dialect."""

    dialect: Dialect
    model: Text
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s?#@]+$")] | None = None
    secret: Name | None = None
    sigv4: SigV4 | None = None
    region: Region | None = None
    """Where Bedrock serves it; None: the function's own region."""
    prices: Prices
    limits: TargetLimits
    capabilities: tuple[Capability, ...] = ()
    max_data_class: Annotated[DataClass | None, UNSAID] = None
    """What it may be given at most. What a file leaves open is published as `internal`; None: by a
    release that knew no classes, whose runs go on as they were admitted."""
    residency: Annotated[Residency | None, UNSAID] = None
    """Where data that it is sent stays; None: in `region`, where one is named, else not known."""
    pass_over: Annotated[PassedOver | None, UNSAID] = None
    retention: Annotated[Retention | None, UNSAID] = None
    """How long its provider keeps what it is sent; None: not known."""
    key_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z-]{0,39}$")] | None = (
        None
    )
    """Where a gateway looks for the key; None: where the dialect's vendor does."""
    output_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What an openai_chat endpoint calls the bound on its answer."""
    takes_temperature: bool = True
    """Models that reason at length refuse a request that names one."""
    seed_parameter: Literal["seed", "random_seed", "none"] = "seed"
    """What an openai_chat endpoint calls a seed; `none` where it takes none."""
    end_of_life: date | None = None
    """The first day on which its vendor does not serve it any more."""
    connection: Connection = DIRECT

    @property
    def takes_seed(self) -> bool:
        """Whether its dialect has a word for a seed; the embedded model needs none."""
        if self.dialect == "openai_chat":
            return self.seed_parameter != "none"
        return self.dialect in ("embedded", "gemini_generate")

    @property
    def passed_over(self) -> PassedOver:
        """When it is passed over; a default where it does not say."""
        return self.pass_over or PassedOver()

    @property
    def signing(self) -> SigV4 | None:
        """How its requests are signed; Bedrock's own dialect is always."""
        if self.dialect == "bedrock_converse":
            return SigV4(region=self.region)
        return self.sigv4

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if self.sigv4 is not None and (self.secret is not None or self.dialect != "openai_chat"):
            raise ValueError("sigv4: for openai_chat targets without a secret")
        if self.dialect == "bedrock_converse" and self.secret is not None:
            raise ValueError("secret: Bedrock is called as the function's own role")
        if self.dialect != "bedrock_converse" and self.region is not None:
            raise ValueError("region: for bedrock_converse targets; others have an address")
        if self.key_header is not None and self.secret is None:
            raise ValueError("key_header: says where a secret's key goes, and there is no secret")
        if self.output_limit != "max_tokens" and self.dialect != "openai_chat":
            raise ValueError("output_limit: for openai_chat targets; other dialects have one name")
        if self.seed_parameter != "seed" and self.dialect != "openai_chat":
            raise ValueError(
                "seed_parameter: for openai_chat targets; others have one name or none"
            )
        return self

    @model_validator(mode="after")
    def _can_what_its_dialect_says(self) -> Self:
        if "json_object" in self.capabilities and self.dialect not in _JSON_MODE:
            raise ValueError(f"capabilities: {self.dialect} has no word for json_object")
        return self

    @model_validator(mode="after")
    def _embedded_stays_inside(self) -> Self:
        if self.dialect == EMBEDDED:
            if self.base_url is not None or self.secret is not None:
                raise ValueError("base_url: an embedded target has neither address nor secret")
            if self.connection != DIRECT:
                raise ValueError("connection: an embedded target is reached without one")
            if not self.prices.free:
                raise ValueError("prices: an embedded target costs nothing")
        return self


class Models(Document):
    """The model targets and the routes over them."""

    targets: Annotated[dict[Name, Target], Field(min_length=1)]
    routes: Annotated[Routes, Field(min_length=1)]

    def route(self, name: str) -> Route | None:
        """Return the route called *name*, however it was written; None if there is none."""
        told = self.routes.get(name)
        return told if told is None or isinstance(told, Route) else Route(targets=told)

    @property
    def routed(self) -> tuple[str, ...]:
        """The names of the targets that some route leads to, each once."""
        routes = (self.route(name) for name in self.routes)
        return tuple(dict.fromkeys(name for route in routes if route for name in route.names))

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        for name in self.routes:
            route = self.route(name)
            names = route.names if route else ()
            require_unique(names, f"routes.{name}")
            for target in names:
                if target not in self.targets:
                    raise ValueError(f"routes.{name}: no target {target!r}")
        return self
