"""Writes a tiny llama model with random weights and a byte tokenizer, for ``transformers serve``.

Run it with the Python of an environment that has ``transformers`` and ``torch``:
``python tiny_transformers.py FOLDER``. Nothing is downloaded; its text is nonsense.
"""

from __future__ import annotations

import sys

try:
    from conformance.servers.tiny_gguf import CHAT_TEMPLATE
except ImportError:  # run by itself: the folder is on the path, the package is not
    from tiny_gguf import CHAT_TEMPLATE  # type: ignore[import-not-found, no-redef, unused-ignore]

SPECIALS = ("<s>", "</s>", "<pad>")
END_WEIGHT = 1.6
"""The token that ends an answer weighs more than others, so that most answers end by themselves."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def write(folder: str) -> None:
    """Write model and tokenizer."""
    import torch  # type: ignore[import-not-found, unused-ignore]
    from tokenizers import (  # type: ignore[import-not-found, unused-ignore]
        Tokenizer,
        decoders,
        models,
        pre_tokenizers,
    )
    from transformers import (  # type: ignore[import-not-found, unused-ignore]
        LlamaConfig,
        LlamaForCausalLM,
        PreTrainedTokenizerFast,
    )

    torch.manual_seed(7)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: n for n, token in enumerate([*SPECIALS, *alphabet])}
    merges = [(a, b) for a in LETTERS for b in LETTERS]
    vocabulary |= {a + b: n for n, (a, b) in enumerate(merges, start=len(vocabulary))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        **dict(zip(("bos_token", "eos_token", "pad_token"), SPECIALS, strict=True)),
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=4096,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():  # weights as they are set would give every token nearly the same chance
        for name, values in model.named_parameters():
            if values.dim() == 2:
                values.normal_(std=0.2)
            if name == "lm_head.weight":
                values[1] *= END_WEIGHT
    model.save_pretrained(folder)


if __name__ == "__main__":
    write(sys.argv[1])
