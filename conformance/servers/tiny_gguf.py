"""Writes a tiny llama model with random weights as GGUF, for llama.cpp's servers.

Run it with the Python of an environment that has ``gguf`` and ``numpy``:
``python tiny_gguf.py OUT.gguf [--embedding]``. Nothing is downloaded; its text is nonsense.
"""

from __future__ import annotations

import sys
from typing import Any

LAYERS, WIDTH, HEADS, CONTEXT = 2, 64, 4, 4096
END, END_WEIGHT = 2, 1.6
"""The token that ends an answer weighs more than others, so that most answers end by themselves."""
CHAT_TEMPLATE = """\
{%- if tools %}<|im_start|>system
You may call these functions:
<tools>{% for tool in tools %}
{{ tool | tojson }}{% endfor %}
</tools>
For each call, write a JSON object within <tool_call></tool_call> tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><|im_end|>
{% endif %}
{%- for m in messages %}
{%- if m.role == "tool" %}<|im_start|>user
<tool_response>
{{ m.content }}
</tool_response><|im_end|>
{% else %}<|im_start|>{{ m.role }}
{% if m.content is string %}{{ m.content }}
{%- elif m.content %}
{%- for part in m.content %}{% if part.type == "text" %}{{ part.text }}{% endif %}{% endfor %}
{%- endif %}
{%- for call in m.tool_calls or [] %}
{%- set call = call.function or call %}
<tool_call>
{"name": "{{ call.name }}", "arguments": {{ call.arguments | tojson }}}
</tool_call>
{%- endfor %}<|im_end|>
{% endif %}
{%- endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
"""As the templates of real models are: tools, content in parts, calls and their results."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def vocabulary() -> list[tuple[bytes, float, int]]:
    """Tokens with score and type: specials, all bytes, letters, some words."""
    tokens: list[tuple[bytes, float, int]] = [
        (b"<unk>", 0.0, 2),
        (b"<s>", 0.0, 3),
        (b"</s>", 0.0, 3),
    ]
    tokens += [(f"<0x{n:02X}>".encode(), 0.0, 6) for n in range(256)]
    space = "\u2581"
    words = ["the", "and", "fox", "dog", "count", "number", "hello", "quick", "brown", "lazy"]
    pieces = [space, *map(chr, range(33, 127)), *words, *(space + w for w in words)]
    pieces += [a + b for a in LETTERS for b in LETTERS] + [space + a for a in LETTERS]
    tokens += [(p.encode(), -float(n), 1) for n, p in enumerate(pieces)]
    return tokens


def write(path: str, *, embedding: bool = False) -> None:
    """Write the model file."""
    import gguf  # type: ignore[import-not-found, unused-ignore]
    import numpy  # type: ignore[import-not-found, unused-ignore]

    random = numpy.random.default_rng(7)

    def tensor(*shape: int) -> Any:
        return (random.standard_normal(shape) * 0.2).astype(numpy.float32)

    tokens = vocabulary()
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny-random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(WIDTH * 2)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(0)
    if embedding:
        writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([t for t, _, _ in tokens])
    writer.add_token_scores([s for _, s, _ in tokens])
    writer.add_token_types([k for _, _, k in tokens])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(END)
    writer.add_unk_token_id(0)
    writer.add_chat_template(CHAT_TEMPLATE)
    writer.add_tensor("token_embd.weight", tensor(len(tokens), WIDTH))
    output = tensor(len(tokens), WIDTH)
    output[END] *= END_WEIGHT
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", numpy.ones(WIDTH, numpy.float32))
    for n in range(LAYERS):
        block = f"blk.{n}"
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"{block}.{name}.weight", numpy.ones(WIDTH, numpy.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{block}.{name}.weight", tensor(WIDTH, WIDTH))
        writer.add_tensor(f"{block}.ffn_gate.weight", tensor(WIDTH * 2, WIDTH))
        writer.add_tensor(f"{block}.ffn_up.weight", tensor(WIDTH * 2, WIDTH))
        writer.add_tensor(f"{block}.ffn_down.weight", tensor(WIDTH, WIDTH * 2))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(sys.argv[1], embedding="--embedding" in sys.argv[2:])
