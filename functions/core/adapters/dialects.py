"""Which adapter speaks which dialect; each is loaded when it is first needed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from functions.core.adapters.model_exchange import ModelExchange
    from functions.core.ports import ModelClient


def client_of(
    dialect: str, exchange: "Callable[[], ModelExchange]", region: Callable[[], str]
) -> "ModelClient":
    """Return a client that speaks *dialect*.

    Parameters
    ----------
    exchange
        Makes what sends its requests; not called for a dialect that sends none.
    region
        Where Bedrock is called for a target that names no region.

    Raises
    ------
    KeyError
        When there is no such dialect.
    """
    client: ModelClient
    if dialect == "embedded":
        from functions.core.adapters.embedded_model import EmbeddedModel

        client = EmbeddedModel()
    elif dialect == "openai_chat":
        from functions.core.adapters.openai_chat import OpenAiChat

        client = OpenAiChat(exchange())
    elif dialect == "openai_responses":
        from functions.core.adapters.openai_responses import OpenAiResponses

        client = OpenAiResponses(exchange())
    elif dialect == "anthropic_messages":
        from functions.core.adapters.anthropic_messages import AnthropicMessages

        client = AnthropicMessages(exchange())
    elif dialect == "bedrock_converse":
        from functions.core.adapters.bedrock_converse import BedrockConverse

        client = BedrockConverse(exchange(), region())
    elif dialect == "gemini_generate":
        from functions.core.adapters.gemini_generate import GeminiGenerate

        client = GeminiGenerate(exchange())
    else:
        raise KeyError(dialect)
    return client
