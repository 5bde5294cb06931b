"""Where our schemas ask for less than the SDK's types, each place with its reason."""

from __future__ import annotations

SDK_TYPES: tuple[tuple[str, str], ...] = (
    ("chat.completion", "chat.ChatCompletion"),
    ("chat.completion.chunk", "chat.ChatCompletionChunk"),
    ("chat.completion.deleted", "chat.ChatCompletionDeleted"),
    ("text_completion", "Completion"),
    ("text_completion.chunk", "Completion"),
    ("embeddings", "CreateEmbeddingResponse"),
    ("moderation", "ModerationCreateResponse"),
    ("model", "Model"),
    ("model.deleted", "ModelDeleted"),
    ("file", "FileObject"),
    ("file.deleted", "FileDeleted"),
    ("batch", "Batch"),
    ("upload", "Upload"),
    ("upload.part", "uploads.UploadPart"),
    ("vector_store", "VectorStore"),
    ("vector_store.deleted", "VectorStoreDeleted"),
    ("vector_store.file", "vector_stores.VectorStoreFile"),
    ("vector_store.file.deleted", "vector_stores.VectorStoreFileDeleted"),
    ("vector_store.file_batch", "vector_stores.VectorStoreFileBatch"),
    ("fine_tuning.job", "fine_tuning.FineTuningJob"),
    ("fine_tuning.job.event", "fine_tuning.FineTuningJobEvent"),
    ("fine_tuning.job.checkpoint", "fine_tuning.jobs.FineTuningJobCheckpoint"),
    ("assistant", "beta.Assistant"),
    ("assistant.deleted", "beta.AssistantDeleted"),
    ("thread", "beta.Thread"),
    ("thread.deleted", "beta.ThreadDeleted"),
    ("thread.message", "beta.threads.Message"),
    ("thread.message.deleted", "beta.threads.MessageDeleted"),
    ("thread.message.delta", "beta.threads.MessageDeltaEvent"),
    ("thread.run", "beta.threads.Run"),
    ("thread.run.step", "beta.threads.runs.RunStep"),
    ("thread.run.step.delta", "beta.threads.runs.RunStepDeltaEvent"),
    ("conversation", "conversations.Conversation"),
    ("conversation.deleted", "conversations.ConversationDeletedResource"),
    ("conversation.items", "conversations.ConversationItemList"),
    ("response", "responses.Response"),
    ("response.compaction", "responses.CompactedResponse"),
    ("response.input_items", "responses.ResponseItemList"),
    ("response.item", "responses.ResponseOutputMessage"),
    ("response.item", "responses.ResponseReasoningItem"),
    ("response.item", "responses.ResponseFunctionToolCall"),
    ("response.item", "responses.ResponseCustomToolCall"),
    ("response.item", "responses.ResponseFunctionWebSearch"),
    ("response.item", "responses.ResponseFileSearchToolCall"),
    ("response.item", "responses.ResponseCodeInterpreterToolCall"),
    ("response.item", "responses.ResponseComputerToolCall"),
    ("response.item", "responses.ResponseCompactionItem"),
    ("response.item", "responses.ResponseToolSearchCall"),
    ("response.item", "responses.ResponseToolSearchOutputItem"),
    ("response.item", "responses.ResponseFunctionShellToolCall"),
    ("response.item", "responses.ResponseApplyPatchToolCall"),
    ("response.item", "responses.response_output_item.ImageGenerationCall"),
    ("response.item", "responses.response_output_item.LocalShellCall"),
    ("response.item", "responses.response_output_item.McpCall"),
    ("response.item", "responses.response_output_item.McpListTools"),
    ("response.item", "responses.response_output_item.McpApprovalRequest"),
    ("transcription", "audio.Transcription"),
    ("transcription.verbose", "audio.TranscriptionVerbose"),
    ("images", "ImagesResponse"),
)

_AUDIO = "The document contradicts itself about this event and no recording of it is known."
_SHELL = "Broken in OpenAI's document, and no recording of it is known."

ABSENT: dict[str, str] = {
    "response.events.response.audio.delta": _AUDIO,
    "response.events.response.audio.done": _AUDIO,
    "response.events.response.audio.transcript.delta": _AUDIO,
    "response.events.response.audio.transcript.done": _AUDIO,
    "response.events.response.shell_call_command.added": _SHELL,
    "response.events.response.shell_call_command.delta": _SHELL,
    "response.events.response.shell_call_command.done": _SHELL,
    "response.events.response.shell_call_output_content.delta": _SHELL,
    "response.events.response.shell_call_output_content.done": _SHELL,
}
"""Fields and events that the SDK knows and the schemas do not."""

_ERA = "OpenAI's own older answers lack it."
_FIRST_MODERATION = "OpenAI's first moderation models have seven categories only."
_NOTHING_GENERATED = "OpenAI leaves it out when nothing was generated."
_EARLY_EVENTS = "OpenAI's streams of spring 2025 lack it."

OPTIONAL: dict[str, str] = {
    "moderation.results[].categories.harassment*": _FIRST_MODERATION,
    "moderation.results[].categories.self-harm/*": _FIRST_MODERATION,
    "moderation.results[].category_scores.harassment*": _FIRST_MODERATION,
    "moderation.results[].category_scores.self-harm/*": _FIRST_MODERATION,
    "moderation.results[].category_scores.illicit*": _FIRST_MODERATION,
    "moderation.results[].category_applied_input_types": _FIRST_MODERATION,
    "text_completion.usage.completion_tokens": _NOTHING_GENERATED,
    "text_completion.chunk.usage.completion_tokens": _NOTHING_GENERATED,
    "response.item[web_search_call].action": _ERA,
    "response.events[*].sequence_number": _EARLY_EVENTS,
    "response.*logprobs[].bytes": "The event types of the SDKs have no bytes; servers follow them.",
    "response.*top_logprobs[].bytes": "As the bytes of the token itself.",
    "fine_tuning.job.error.code": "A job without an error is reported with an empty object too.",
    "fine_tuning.job.error.message": "A job without an error is reported with an empty object too.",
    "fine_tuning.job.integrations[].wandb": "Only one kind of integration has it.",
    "thread.message.status": _ERA,
    "thread.run.parallel_tool_calls": _ERA,
    "thread.run.step.delta.delta.step_details[tool_calls].tool_calls[].file_search": (
        "Only one kind of tool call has it."
    ),
    "response.text.format.name": "Only the format json_schema has it.",
    "response.text.format.schema": "Only the format json_schema has it.",
    "response.usage.input_tokens_details.cache_write_tokens": _ERA,
    "response.compaction.usage.input_tokens_details.cache_write_tokens": _ERA,
    "response.events[error].message": "Live, the details are nested in `error`.",
    "response.events[response.output_text.delta].logprobs": _EARLY_EVENTS,
    "response.events[response.output_text.done].logprobs": _EARLY_EVENTS,
}
"""Fields whose presence the SDK requires and the schemas do not, or as a MAY; * is any text."""
