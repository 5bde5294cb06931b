"""instructor: structured output by a tool, and in pieces."""

from __future__ import annotations

import json
import sys

import instructor
from openai import OpenAI
from pydantic import BaseModel


class City(BaseModel):
    """A city."""

    name: str
    people: int


def main(base_url: str, key: str, chat: str, _: str) -> None:
    client = instructor.from_openai(
        OpenAI(base_url=base_url, api_key=key), mode=instructor.Mode.TOOLS
    )
    asked = [{"role": "user", "content": "Name a city and how many people live there."}]
    city = client.create(model=chat, messages=asked, response_model=City, max_retries=1)
    parts = list(client.create_partial(model=chat, messages=asked, response_model=City))
    print(json.dumps({"structured": sorted(city.model_dump()), "parts": len(parts)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
