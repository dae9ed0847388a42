"""Swap adapters, compare batches with single images, and draw against a plain diffusers pipeline, in one run.

    python benchmarks/generation.py                                    # small random SD, CPU, one thread
    python benchmarks/generation.py --device cuda --shape sd15 --dtype bfloat16 --batch 16

Ours and the plain pipeline take turns, and the best of the rounds counts: CPU time on a CPU, wall time on a GPU.
Targets: an adapter in and out within 10 ms of CPU; a batch equal to its images drawn alone within 1e-5 (float32);
images/s 1.0 times the plain loop's on a CPU, 2 times on a GPU.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import safetensors.torch
import torch
from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.utils import logging as diffusers_logging
from transformers import CLIPTextConfig, CLIPTextModel

from benchmarks.devices import device
from benchmarks.training_models import small_sd
from generation.checkpoints.families.sd import load_backbone
from generation.checkpoints.roles import Drawing, Sampling
from generation.checkpoints.sets import Entry
from tests.factories.checkpoints.loras import lora_bytes
from tests.factories.checkpoints.tokenizers import CLIP_END, CLIP_START, CLIP_WORDS, clip_tokenizer

SIDES = {"small": 256, "sd15": 512}
GUIDANCE = 7.5


def sd15(folder: Path) -> None:
    """The real thing's shape, 1.07 B parameters, 512 px, with random weights."""
    torch.manual_seed(0)
    vae = AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=2,
        sample_size=512,
    )
    reader = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=CLIP_WORDS, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
            num_attention_heads=12, projection_dim=768, bos_token_id=CLIP_START, eos_token_id=CLIP_END,
            pad_token_id=CLIP_END,
        )
    )  # fmt: skip
    StableDiffusionPipeline(
        vae=vae, text_encoder=reader, tokenizer=clip_tokenizer(),
        unet=UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
        scheduler=PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        ),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    ).save_pretrained(folder)  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=device, default="cpu", help="cpu, cuda, mps or auto")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16"))
    parser.add_argument("--shape", default="small", choices=tuple(SIDES))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rank", type=int, default=64)
    parser.add_argument("--images", type=int, default=0, help="as many as a batch")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--compile", action="store_true")
    asked = parser.parse_args()
    asked.images = asked.images or asked.batch
    return asked


class Bench:
    """One checkpoint loaded twice: as ours, and as a plain pipeline."""

    def __init__(self, asked: argparse.Namespace, folder: Path) -> None:
        self.asked = asked
        {"small": small_sd, "sd15": sd15}[asked.shape](folder)
        options = {"channels_last": asked.channels_last, "compile": asked.compile, "adapter_rank": asked.rank}
        side = SIDES[asked.shape]
        entry = Entry("base", "sd", "", "", "none", True, folder, asked.dtype, side, options)
        self.ours = load_backbone(entry, asked.device)
        dtype = getattr(torch, asked.dtype)
        self.plain = StableDiffusionPipeline.from_pretrained(folder, safety_checker=None, dtype=dtype).to(asked.device)
        self.plain.set_progress_bar_config(disable=True)
        diffusers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
        self.drawings = [Drawing(f"a red mug on table number {seed}", seed) for seed in range(asked.images)]
        self.sampling = Sampling(asked.steps, GUIDANCE, width=side, height=side)

    def clock(self) -> float:
        if self.asked.device.startswith("cuda"):
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()

    def seconds(self, work: Callable[[], object]) -> float:
        began = self.clock()
        work()
        return self.clock() - began

    def best(self, *works: Callable[[], object]) -> list[float]:
        """The least seconds of each, which take turns; the first round warms up, so two are the least."""
        rounds = [[self.seconds(work) for work in works] for _ in range(self.asked.rounds)]
        return [min(column) for column in zip(*rounds, strict=True)]

    def swap(self, data: bytes) -> None:
        with self.ours.adapted(data):
            pass

    def swap_plainly(self, folder: Path) -> None:
        self.plain.load_lora_weights(folder, weight_name="lora.safetensors", adapter_name="product")
        self.plain.unload_lora_weights()

    def draw_batches(self) -> list[Any]:
        size = self.asked.batch
        chunks = [self.drawings[first : first + size] for first in range(0, len(self.drawings), size)]
        return [image for chunk in chunks for image in self.ours.draw(chunk, self.sampling)]

    def draw_mixed(self, adapters: list[bytes]) -> None:
        drawings = [Drawing(one.prompt, one.seed, place % len(adapters)) for place, one in enumerate(self.drawings)]
        with self.ours.adapted(*adapters):
            self.ours.draw(drawings[: self.asked.batch], self.sampling)

    def draw_one_by_one(self) -> list[Any]:
        return [
            self.plain(
                one.prompt,
                negative_prompt="",
                num_inference_steps=self.sampling.steps,
                guidance_scale=GUIDANCE,
                width=self.sampling.width,
                height=self.sampling.height,
                generator=torch.Generator("cpu").manual_seed(one.seed),
            ).images[0]
            for one in self.drawings
        ]

    def difference(self) -> float:
        """The largest between images in a batch and alone, of 0 to 1."""
        some = self.drawings[: self.asked.batch]
        # On a card, torch lets convolutions of float32 keep 10 bits of it only.
        with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            together = self.ours.pixels(some, self.sampling)
            alone = np.concatenate([self.ours.pixels([one], self.sampling) for one in some])
        return float(np.abs(together - alone).max())


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(asked, Path(work, "model"))
        adapters = [filed(lora_bytes(bench.ours, rank=asked.rank, seed=seed), asked.dtype) for seed in (0, 1)]
        Path(work, "lora.safetensors").write_bytes(adapters[0])
        kind = "wall" if asked.device.startswith("cuda") else "CPU"
        side = SIDES[asked.shape]
        print(
            f"{asked.shape} at {side} px, {asked.steps} steps, {asked.device}, {asked.dtype}: {kind} time", flush=True
        )
        swaps(bench, adapters, Path(work))
        row(f"batch of {asked.batch} against single images", f"{bench.difference():.1e}", "1e-5 or less (float32)")
        drawing(bench, adapters)


def filed(data: bytes, dtype: str) -> bytes:
    """An adapter as the trainer files it for such a base: in float16, unless the base is in float32."""
    if dtype == "float32":
        return data
    return safetensors.torch.save({name: part.half() for name, part in safetensors.torch.load(data).items()})


def swaps(bench: Bench, adapters: list[bytes], folder: Path) -> None:
    """How long an adapter takes to be put in and taken out."""
    for _ in range(2):  # the first ones read code
        swap, plain = bench.best(lambda: bench.swap(adapters[0]), lambda: bench.swap_plainly(folder))
    size = len(adapters[0]) / 1e6
    row(f"adapter in and out, rank {bench.asked.rank}, {size:.1f} MB", f"{swap * 1e3:.1f} ms", "10 ms or less")
    row("the same by load_lora_weights and unload", f"{plain * 1e3:.0f} ms")


def drawing(bench: Bench, adapters: list[bytes]) -> None:
    """Images a second; two products in one batch are compared with a batch of one without any adapter."""
    asked = bench.asked
    wanted = 2.0 if asked.device.startswith("cuda") else 1.0
    ours, plain, mixed = bench.best(bench.draw_batches, bench.draw_one_by_one, lambda: bench.draw_mixed(adapters))
    row(f"ours, batches of {asked.batch}", f"{asked.images / ours:.3f} images/s")
    row("plain pipeline in a loop", f"{asked.images / plain:.3f} images/s")
    row("ours over plain", f"{plain / ours:.2f} x", f"{wanted:.1f} x or more")
    some = min(asked.batch, asked.images) / asked.images
    row("two products' adapters in one batch, over none", f"{mixed / (ours * some):.2f} x the time")


def row(what: str, figure: str, target: str = "") -> None:
    print(f"  {what:<50}{figure:>18}   {target}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
