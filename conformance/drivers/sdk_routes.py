"""Which method of an OpenAI client library sends which request, as data.

Names are the Python ones without ``client.``; ``{name}`` in a path is the method's argument of that
name. The longest literal match wins, so ``/files/{file_id}`` does not take ``/files/x/content``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, unquote

ROUTES = """
POST   /chat/completions                                    chat.completions.create
GET    /chat/completions                                    chat.completions.list
GET    /chat/completions/{completion_id}                    chat.completions.retrieve
POST   /chat/completions/{completion_id}                    chat.completions.update
DELETE /chat/completions/{completion_id}                    chat.completions.delete
GET    /chat/completions/{completion_id}/messages           chat.completions.messages.list
POST   /completions                                         completions.create
POST   /embeddings                                          embeddings.create
POST   /moderations                                         moderations.create
GET    /models                                              models.list
GET    /models/{model}                                      models.retrieve
DELETE /models/{model}                                      models.delete
POST   /responses                                           responses.create
GET    /responses/{response_id}                             responses.retrieve
DELETE /responses/{response_id}                             responses.delete
POST   /responses/{response_id}/cancel                      responses.cancel
GET    /responses/{response_id}/input_items                 responses.input_items.list
POST   /responses/input_tokens                              responses.input_tokens.count
POST   /responses/compact                                   responses.compact
POST   /conversations                                       conversations.create
GET    /conversations/{conversation_id}                     conversations.retrieve
POST   /conversations/{conversation_id}                     conversations.update
DELETE /conversations/{conversation_id}                     conversations.delete
POST   /conversations/{conversation_id}/items               conversations.items.create
GET    /conversations/{conversation_id}/items               conversations.items.list
GET    /conversations/{conversation_id}/items/{item_id}     conversations.items.retrieve
DELETE /conversations/{conversation_id}/items/{item_id}     conversations.items.delete
POST   /files                                               files.create
GET    /files                                               files.list
GET    /files/{file_id}                                     files.retrieve
DELETE /files/{file_id}                                     files.delete
GET    /files/{file_id}/content                             files.content
POST   /uploads                                             uploads.create
POST   /uploads/{upload_id}/parts                           uploads.parts.create
POST   /uploads/{upload_id}/complete                        uploads.complete
POST   /uploads/{upload_id}/cancel                          uploads.cancel
POST   /batches                                             batches.create
GET    /batches                                             batches.list
GET    /batches/{batch_id}                                  batches.retrieve
POST   /batches/{batch_id}/cancel                           batches.cancel
POST   /fine_tuning/jobs                                    fine_tuning.jobs.create
GET    /fine_tuning/jobs                                    fine_tuning.jobs.list
GET    /fine_tuning/jobs/{fine_tuning_job_id}               fine_tuning.jobs.retrieve
POST   /fine_tuning/jobs/{fine_tuning_job_id}/cancel        fine_tuning.jobs.cancel
POST   /fine_tuning/jobs/{fine_tuning_job_id}/pause         fine_tuning.jobs.pause
POST   /fine_tuning/jobs/{fine_tuning_job_id}/resume        fine_tuning.jobs.resume
GET    /fine_tuning/jobs/{fine_tuning_job_id}/events        fine_tuning.jobs.list_events
GET    /fine_tuning/jobs/{fine_tuning_job_id}/checkpoints   fine_tuning.jobs.checkpoints.list
POST   /audio/speech                                        audio.speech.create
POST   /audio/transcriptions                                audio.transcriptions.create
POST   /audio/translations                                  audio.translations.create
POST   /images/generations                                  images.generate
POST   /images/edits                                        images.edit
POST   /images/variations                                   images.create_variation
POST   /vector_stores                                       vector_stores.create
GET    /vector_stores                                       vector_stores.list
GET    /vector_stores/{vector_store_id}                     vector_stores.retrieve
POST   /vector_stores/{vector_store_id}                     vector_stores.update
DELETE /vector_stores/{vector_store_id}                     vector_stores.delete
POST   /vector_stores/{vector_store_id}/search              vector_stores.search
POST   /vector_stores/{vector_store_id}/files               vector_stores.files.create
GET    /vector_stores/{vector_store_id}/files               vector_stores.files.list
GET    /vector_stores/{vector_store_id}/files/{file_id}     vector_stores.files.retrieve
POST   /vector_stores/{vector_store_id}/files/{file_id}     vector_stores.files.update
DELETE /vector_stores/{vector_store_id}/files/{file_id}     vector_stores.files.delete
GET    /vector_stores/{vector_store_id}/files/{file_id}/content vector_stores.files.content
POST   /vector_stores/{vector_store_id}/file_batches        vector_stores.file_batches.create
GET    /vector_stores/{vector_store_id}/file_batches/{batch_id} vector_stores.file_batches.retrieve
POST   /vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel \
       vector_stores.file_batches.cancel
GET    /vector_stores/{vector_store_id}/file_batches/{batch_id}/files \
       vector_stores.file_batches.list_files
POST   /assistants                                          beta.assistants.create
GET    /assistants                                          beta.assistants.list
GET    /assistants/{assistant_id}                           beta.assistants.retrieve
POST   /assistants/{assistant_id}                           beta.assistants.update
DELETE /assistants/{assistant_id}                           beta.assistants.delete
POST   /threads                                             beta.threads.create
POST   /threads/runs                                        beta.threads.create_and_run
GET    /threads/{thread_id}                                 beta.threads.retrieve
POST   /threads/{thread_id}                                 beta.threads.update
DELETE /threads/{thread_id}                                 beta.threads.delete
POST   /threads/{thread_id}/messages                        beta.threads.messages.create
GET    /threads/{thread_id}/messages                        beta.threads.messages.list
GET    /threads/{thread_id}/messages/{message_id}           beta.threads.messages.retrieve
POST   /threads/{thread_id}/messages/{message_id}           beta.threads.messages.update
DELETE /threads/{thread_id}/messages/{message_id}           beta.threads.messages.delete
POST   /threads/{thread_id}/runs                            beta.threads.runs.create
GET    /threads/{thread_id}/runs                            beta.threads.runs.list
GET    /threads/{thread_id}/runs/{run_id}                   beta.threads.runs.retrieve
POST   /threads/{thread_id}/runs/{run_id}                   beta.threads.runs.update
POST   /threads/{thread_id}/runs/{run_id}/cancel            beta.threads.runs.cancel
POST   /threads/{thread_id}/runs/{run_id}/submit_tool_outputs beta.threads.runs.submit_tool_outputs
GET    /threads/{thread_id}/runs/{run_id}/steps             beta.threads.runs.steps.list
GET    /threads/{thread_id}/runs/{run_id}/steps/{step_id}   beta.threads.runs.steps.retrieve
POST   /realtime/client_secrets                             realtime.client_secrets.create
"""


@dataclass(frozen=True)
class Routed:
    """A method and the arguments that the address holds. ``method`` "" where none has the route."""

    method: str
    arguments: dict[str, str]
    query: dict[str, str | list[str]]
    path: str


@cache
def _table() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    rows = [line.split() for line in ROUTES.strip().splitlines()]
    rows.sort(key=lambda row: (row[1].count("{"), -len(row[1])))
    return tuple(
        (verb, re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path) + "$"), method)
        for verb, path, method in rows
    )


def routed(verb: str, path: str) -> Routed:
    """The client method for a request; ``path`` is below the base URL and may hold a query."""
    bare, _, text = path.partition("?")
    query: dict[str, str | list[str]] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        if key.endswith("[]"):
            listed = query.setdefault(key[:-2], [])
            assert isinstance(listed, list)
            listed.append(value)
        else:
            query[key] = value
    for known, pattern, method in _table():
        match = pattern.match(bare) if known == verb else None
        if match:
            return Routed(
                method, {k: unquote(v) for k, v in match.groupdict().items()}, query, bare
            )
    return Routed("", {}, query, bare)
