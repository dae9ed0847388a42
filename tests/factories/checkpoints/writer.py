"""A language model of Qwen3's class whose words are bytes, and a server that speaks OpenAI's chat completions."""

from pathlib import Path
from typing import Any

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from generation.checkpoints.sets import Entry
from tests.factories.checkpoints.tokenizers import qwen_tokenizer


def make_tiny_writer(folder: Path) -> None:
    tokenizer = qwen_tokenizer()
    with torch.random.fork_rng():
        torch.manual_seed(12)
        model = Qwen3ForCausalLM(
            Qwen3Config(
                vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2,
                num_attention_heads=2, num_key_value_heads=2, head_dim=16, max_position_embeddings=4096,
            )
        )  # fmt: skip
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def writer_entry(folder: Path, **options: Any) -> Entry:
    return Entry("writer", "causal-lm", "", "", "apache-2.0", True, folder, options={"tokens": 24, **options})


def remote_entry(url: str, **options: Any) -> Entry:
    named = {"url": url, "model": "some-model", "timeout": 2, **options}
    return Entry("writer", "openai-compatible", "", "", "", True, Path(), options=named)
