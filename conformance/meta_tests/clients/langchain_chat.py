"""LangChain's package for OpenAI: a call, a stream with usage, a tool, structured output."""

from __future__ import annotations

import json
import sys

from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    name: str
    people: int


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"sunny in {city}"


def main(base_url: str, key: str, chat: str, embedding: str) -> None:
    model = ChatOpenAI(base_url=base_url, api_key=key, model=chat, temperature=0, stream_usage=True)
    called = model.bind_tools([weather], tool_choice="weather").invoke("The weather in Paris?")
    chunks = list(model.stream("Say hello."))
    city = model.with_structured_output(City, method="json_schema").invoke("Name a city.")
    vectors = OpenAIEmbeddings(
        base_url=base_url, api_key=key, model=embedding, check_embedding_ctx_length=False
    )
    print(
        json.dumps(
            {
                "text": model.invoke("Say hello.").content,
                "streamed": "".join(str(chunk.content) for chunk in chunks),
                "usage": any(chunk.usage_metadata for chunk in chunks),
                "tools": [call["name"] for call in called.tool_calls],
                "structured": sorted(city.model_dump()),
                "dimensions": len(vectors.embed_query("hello")),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
