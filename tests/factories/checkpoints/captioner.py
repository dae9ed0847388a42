"""Captioners: BLIP, and a vision-language model of Qwen3-VL's class, both with offline tokenizers."""

from pathlib import Path
from typing import Any

import torch
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForConditionalGeneration,
    BlipImageProcessorPil,
    BlipProcessor,
    Qwen2VLImageProcessorPil,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from generation.checkpoints.sets import Entry
from tests.factories.checkpoints.tokenizers import qwen_tokenizer

WORDS = [
    "a", "photo", "of", "the", "red", "blue", "mug", "bag", "shoe", "can", "table", "on", "in", "with", "and", "small",
    "large", "light",
]  # fmt: skip
VISION_TOKENS = ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
VISION_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make_tiny_captioner(folder: Path) -> None:
    """A BLIP over twenty words."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[DEC]", "[ENC]"]
    vocabulary = {word: place for place, word in enumerate([*specials, *WORDS])}
    tokenizer = BertTokenizer(vocab=vocabulary, model_input_names=["input_ids", "attention_mask"])
    tokenizer.add_special_tokens({"additional_special_tokens": specials[-2:]})
    text = {
        "vocab_size": len(vocabulary), "hidden_size": 32, "encoder_hidden_size": 32, "intermediate_size": 64,
        "num_hidden_layers": 2, "num_attention_heads": 2, "bos_token_id": 5, "pad_token_id": 0, "eos_token_id": 3,
        "sep_token_id": 3, "max_position_embeddings": 64, "is_decoder": True,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
        "image_size": 32, "patch_size": 8,
    }  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(10)
        model = BlipForConditionalGeneration(BlipConfig(text_config=text, vision_config=vision, projection_dim=32))
    model.save_pretrained(folder)
    processor: Any = BlipProcessor
    size = {"height": 32, "width": 32}
    processor(BlipImageProcessorPil(size=size), tokenizer).save_pretrained(folder)


def make_tiny_vlm(folder: Path) -> None:
    """A Qwen3-VL whose words are bytes."""
    tokenizer: Any = qwen_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": VISION_TOKENS}, replace_extra_special_tokens=False)
    ids = tokenizer.convert_tokens_to_ids(VISION_TOKENS)
    text: dict[str, Any] = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2],
                            "mrope_interleaved": True},
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 8, "out_hidden_size": 32,
        "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1],
    }  # fmt: skip
    config = Qwen3VLConfig(
        text_config=text, vision_config=vision, vision_start_token_id=ids[0], vision_end_token_id=ids[1],
        image_token_id=ids[2], video_token_id=ids[3],
    )  # fmt: skip
    with torch.random.fork_rng():
        torch.manual_seed(11)
        model = Qwen3VLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.save_pretrained(folder)
    processor: Any = Qwen3VLProcessor
    pictures: dict[str, Any] = {"patch_size": 8, "temporal_patch_size": 2, "merge_size": 2}
    sizes = {"shortest_edge": 16 * 16, "longest_edge": 64 * 64}
    processor(
        Qwen2VLImageProcessorPil(size=sizes, **pictures),
        tokenizer,
        Qwen3VLVideoProcessor(**pictures),
        chat_template=VISION_TEMPLATE,
    ).save_pretrained(folder)


def captioner_entry(folder: Path, family: str = "blip", **options: Any) -> Entry:
    return Entry("captioner", family, "", "", "bsd-3-clause", True, folder, options={"tokens": 12, **options})
