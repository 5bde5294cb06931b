"""Writes tiny BERT models with random weights, one that embeds and one that ranks.

Run it with the Python of an environment that has ``transformers`` and ``torch``:
``python tiny_bert.py FOLDER [--reranking]``. Nothing is downloaded.
"""

from __future__ import annotations

import sys

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = ("the", "and", "fox", "dog", "river", "stone", "what", "which", "is", "of", "to", "in")
LENGTH = 512


def write(folder: str, *, reranking: bool = False) -> None:
    """Write model and tokenizer."""
    import torch  # type: ignore[import-not-found, unused-ignore]
    from transformers import (  # type: ignore[import-not-found, unused-ignore]
        BertConfig,
        BertForSequenceClassification,
        BertModel,
        BertTokenizerFast,
    )

    torch.manual_seed(7)
    letters = [chr(n) for n in range(33, 127) if not chr(n).isupper()]
    pairs = [a + b for a in letters if a.isalpha() for b in letters if b.isalpha()]
    pieces = [*letters, *WORDS, *(f"##{piece}" for piece in (*letters, *pairs))]
    vocabulary = f"{folder}/vocab.txt"
    with open(vocabulary, "w", encoding="utf-8") as out:
        out.write("\n".join((*SPECIALS, *pieces)) + "\n")
    tokenizer = BertTokenizerFast(vocab_file=vocabulary, model_max_length=LENGTH)
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(SPECIALS) + len(pieces),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=LENGTH,
        initializer_range=0.2,
        num_labels=1,
    )
    model = BertForSequenceClassification(config) if reranking else BertModel(config)
    model.save_pretrained(folder)


if __name__ == "__main__":
    write(sys.argv[1], reranking="--reranking" in sys.argv[2:])
