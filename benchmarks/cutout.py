"""How long a person waits who marks a product in a photo: the first look at it, then each click.

    python benchmarks/cutout.py                          # SAM vit_b, random weights, CPU, two threads
    python benchmarks/cutout.py --model vit_h --device cuda --dtype bfloat16 --threads 8

Weights do not change what a pass costs, so random ones do. A click is what the worker does for it: the embedding is
read, the mask is made at the photo's size and packed for the page. Targets: a click in 300 ms on a GPU, 2 s on a CPU.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from PIL import Image

from benchmarks.devices import device
from generation import rle
from generation.checkpoints.segmenter import SHAPES, Grid, SamSegmenter, build
from generation.records import MaskPrompt

TARGETS = {"cpu": 2.0, "cuda": 0.3}  # seconds for a click


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=device, default="cpu", help="cpu, cuda, mps or auto")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16"))
    parser.add_argument("--model", default="vit_b", choices=tuple(SHAPES))
    parser.add_argument("--side", type=int, default=2048, help="pixels of the photo's longer side")
    parser.add_argument("--clicks", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
    model = build(SHAPES[asked.model]).eval().requires_grad_(False).to(asked.device)
    dtype = getattr(torch, asked.dtype)
    model.image_encoder.to(dtype)
    segmenter, random = SamSegmenter(model, Grid(), dtype), np.random.default_rng(0)
    width, height = asked.side, round(asked.side * 0.75)
    photo = Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
    began = time.perf_counter()
    embedding = segmenter.embed(photo)
    first = time.perf_counter() - began
    times = []
    for number in range(-1, asked.clicks):  # one more, as a worker's very first reads code of the card
        points = tuple((int(random.integers(width)), int(random.integers(height)), 1) for _ in range(1 + number % 4))
        began = time.perf_counter()
        guesses = segmenter.cut(embedding, MaskPrompt(points=points))
        packed = sum(len(rle.encode(guess.mask)) for guess in guesses)
        times.append(time.perf_counter() - began)
    del times[0]
    parameters = sum(each.numel() for each in model.parameters()) / 1e6
    print(f"SAM {asked.model}, {parameters:.0f} M parameters, {asked.device} {asked.dtype}, photo {width} x {height}")
    print(f"  embedding of a photo, once {first:8.2f} s, {len(embedding) / 1e6:.1f} MB kept")
    slow = statistics.quantiles(times, n=20)[-1]
    target = TARGETS.get(asked.device.partition(":")[0], TARGETS["cpu"])
    print(f"  a click                    {statistics.median(times):8.3f} s median, {slow:.3f} s at 95 %", end="")
    print(f" (target {target} s: {'holds' if slow <= target else 'missed'}), {packed} runs packed")


if __name__ == "__main__":
    main()
