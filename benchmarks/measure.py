"""How quick the six metrics are, and how much memory they take: python benchmarks/measure.py [--device cuda]

Speed: the stage measure against two plain loops over the same models, in one process, in rounds that take turns. The
plain loop computes each metric by itself, as evaluation scripts do: picture, photos and prompt embedded for each. The
careful loop embeds everything once, one picture at a time. Both cut out the product once, by the stage's own rule.
Memory: the stage alone in a process of its own, over 100, 1,000 and 10,000 candidates; peak resident size at the end.
Models have random weights, and shapes at which they, not Python, take most of the time; for memory they are the tests'.
"""

# ruff: noqa: E402, PLC0415 - threads and paths are set first; a child process imports only what it needs

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]

import numpy as np
import torch
from PIL import Image

from benchmarks.devices import device
from generation.context import LocalContext
from generation.files import Files, FolderStore
from generation.imaging import cut_out
from generation.recipe import MeasureConfig
from generation.records import GeneratedImage, GenerateResult, MeasureResult
from generation.stages import measure

PROMPTS = 10
PHOTOS = 6
COUNTS = (100, 1_000, 10_000)


def medium_models(folder: Path, device: str) -> Any:
    """CLIP of 12 M parameters at 112 px, DINOv2 of 5 M at 112 px, SAM of 6 M at 256 px."""
    from dataclasses import replace

    import open_clip
    from safetensors.torch import save_file
    from transformers import Dinov2Config, Dinov2Model

    from generation.checkpoints import clip, dino, segmenter
    from tests.factories.checkpoints.clip import CONFIG, clip_entry
    from tests.factories.checkpoints.dino import PROCESSORS, dino_entry
    from tests.factories.checkpoints.perceivers import TinyModels
    from tests.factories.checkpoints.sam import sam_entry

    torch.manual_seed(1)
    model = {
        "embed_dim": 256,
        "vision_cfg": {"image_size": 112, "layers": 6, "width": 256, "head_width": 64, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 256, "heads": 4, "layers": 4},
    }
    for name in ("clip", "dino", "sam"):
        (folder / name).mkdir()
    save_file(open_clip.CLIP(**model).state_dict(), folder / "clip" / "open_clip_model.safetensors")
    config = json.dumps({**CONFIG, "model_cfg": model})
    (folder / "clip" / "open_clip_config.json").write_text(config)
    sizes: dict[str, Any] = {"hidden_size": 256, "num_hidden_layers": 6, "num_attention_heads": 4, "patch_size": 14}
    Dinov2Model(Dinov2Config(image_size=112, **sizes)).save_pretrained(folder / "dino")
    processor = {**PROCESSORS["dinov2"], "crop_size": {"height": 112, "width": 112}, "size": {"shortest_edge": 128}}
    (folder / "dino" / "preprocessor_config.json").write_text(json.dumps(processor))
    entry = replace(
        sam_entry(folder / "sam"),
        side=256,
        options={"dim": 256, "depth": 6, "heads": 4, "global_blocks": [2, 5], "prompt_dim": 64, "decoder_dim": 256},
    )
    save_file(segmenter.build(segmenter.shape_of(entry)).state_dict(), folder / "sam" / "sam.safetensors")
    where = torch.device(device)
    return TinyModels(
        clip=clip.load(clip_entry(folder / "clip"), where),
        dino=dino.load(dino_entry(folder / "dino"), where),
        segmenter=segmenter.load(entry, where),
    )


def inputs_for(files: Files, count: int, side: int) -> measure.Inputs:
    """A product of six photos, and candidates of a few hundred pixels over ten prompts."""
    from tests.factories.pipeline import make_product, picture_of

    product, segment, _ = make_product(files, PHOTOS)
    images = []
    for number in range(count):
        pixels = np.asarray(picture_of(number % 7, side, side)[0]).copy()
        pixels[:2, :2] = np.frombuffer(number.to_bytes(12, "big"), np.uint8).reshape(2, 2, 3)
        template = f"a {{product}} in place {number % PROMPTS}"
        picture = files.put_picture(Image.fromarray(pixels))
        images.append(GeneratedImage(template, template.replace("{product}", "sks mug"), number, picture))
    return measure.Inputs(product, segment, GenerateResult(tuple(images), "ddim"))


class Loops:
    """The plain ways to the same figures."""

    def __init__(self, inputs: measure.Inputs, models: Any, files: Files) -> None:
        self.inputs, self.files = inputs, files
        self.clip, self.dino = models.given["clip"], models.given["dino"]
        self.one = measure.Measuring(inputs, 1, models, LocalContext(), files)
        found = {mask.picture.sha256: mask.mask for mask in inputs.segment.masks if mask.mask}
        self.photos = [photo.picture for photo in inputs.product.photos]
        self.masks = [found[picture.sha256] for picture in self.photos]

    def wholes(self) -> list[Image.Image]:
        return [self.files.image(picture) for picture in self.photos]

    def cuts(self) -> list[Image.Image]:
        return [cut_out(image, self.files.mask(mask)) for image, mask in zip(self.wholes(), self.masks, strict=True)]

    def plain(self) -> list[list[float]]:
        """Each metric by itself."""

        def likeness(model: Any, image: Image.Image, others: list[Image.Image]) -> float:
            row = model.images([image])
            return float(np.mean([(row @ model.images([other]).T)[0, 0] for other in others]))

        rows = []
        for candidate in self.inputs.generate.candidates:
            image = self.files.image(candidate.picture)
            cut = self._cut(image)
            text = candidate.template.replace("{product}", "mug")
            rows.append(
                [
                    likeness(self.clip, image, self.wholes()),
                    float((self.clip.images([image]) @ self.clip.texts([text]).T)[0, 0]),
                    likeness(self.dino, image, self.wholes()),
                    likeness(self.clip, cut, self.cuts()),
                    float((self.clip.images([cut]) @ self.clip.texts([text]).T)[0, 0]),
                    likeness(self.dino, cut, self.cuts()),
                ]
            )
        return rows

    def careful(self) -> list[list[float]]:
        """Photos and prompts embedded once, each candidate once, one at a time."""
        clip, dino = self.clip, self.dino
        whole = np.concatenate([clip.images([each]) for each in self.wholes()])
        parts = np.concatenate([clip.images([each]) for each in self.cuts()])
        dino_whole = np.concatenate([dino.images([each]) for each in self.wholes()])
        dino_parts = np.concatenate([dino.images([each]) for each in self.cuts()])
        texts: dict[str, Any] = {}
        rows = []
        for candidate in self.inputs.generate.candidates:
            image = self.files.image(candidate.picture)
            cut = self._cut(image)
            if candidate.template not in texts:
                texts[candidate.template] = clip.texts([candidate.template.replace("{product}", "mug")])[0]
            text, row, seg = texts[candidate.template], clip.images([image])[0], clip.images([cut])[0]
            rows.append(
                [
                    float((whole @ row).mean()), float(text @ row),
                    float((dino_whole @ dino.images([image])[0]).mean()),
                    float((parts @ seg).mean()), float(text @ seg), float((dino_parts @ dino.images([cut])[0]).mean()),
                ]
            )  # fmt: skip
        return rows

    def _cut(self, image: Image.Image) -> Image.Image:
        mask = self.one._found([image])[0]
        return image if mask is None else cut_out(image, mask)


def timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """(wall seconds, CPU seconds, result)."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return time.perf_counter() - wall, time.process_time() - cpu, found


def speed(count: int, rounds: int, device: str, batch: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        models, files = medium_models(folder, device), Files(FolderStore(folder / "store"))
        inputs = inputs_for(files, count, 256)
        loops = Loops(inputs, models, files)
        ways: dict[str, Callable[[], Any]] = {
            "plain loop": loops.plain,
            "careful loop": loops.careful,
            "stage": lambda: stage(inputs, models, files, batch),
        }
        best = {name: (float("inf"), float("inf")) for name in ways}
        results: dict[str, Any] = {}
        for _ in range(rounds):
            for name, way in ways.items():
                wall, cpu, results[name] = timed(way)
                best[name] = min(best[name][0], wall), min(best[name][1], cpu)
        apart = max(_apart(results[name], results["stage"]) for name in ("plain loop", "careful loop"))
        print(f"\n{count} candidates of 256 px, {PHOTOS} photos, batch {batch}, {device}; best of {rounds} rounds")
        print(f"{'way':<14}{'images/s':>10}{'CPU-ms/image':>14}{'stage is':>10}{'in CPU time':>13}")
        for name, (wall, cpu) in best.items():
            faster, cheaper = wall / best["stage"][0], cpu / best["stage"][1]
            print(f"{name:<14}{count / wall:>10.2f}{cpu / count * 1e3:>14.0f}{faster:>9.2f}x{cheaper:>12.2f}x")
        print(f"largest difference of any metric from the stage's: {apart:.1e}")


def stage(inputs: measure.Inputs, models: Any, files: Files, batch: int) -> MeasureResult:
    return measure.run(inputs, MeasureConfig(batch=batch), models, LocalContext(), files)


def _apart(rows: list[list[float]], measured: MeasureResult) -> float:
    names = ("clip_i", "clip_t", "dino_i", "seg_clip_i", "seg_clip_t", "seg_dino_i")
    # An image whose cut-out differs by rounding of the segmenter is left to the tests.
    pairs = [
        abs(row[place] - getattr(metrics, name))
        for row, metrics in zip(rows, measured.metrics, strict=True)
        for place, name in enumerate(names)
        if getattr(metrics, name) is not None
    ]
    return max(pairs)


def memory() -> None:
    print(f"\n{'images':>8}{'peak MiB':>10}{'above 100':>11}{'images/s':>10}")
    first = 0.0
    for count in COUNTS:
        told = subprocess.run(
            [sys.executable, __file__, "--memory-of", str(count)], check=True, capture_output=True, text=True
        )
        peak, rate = (float(value) for value in told.stdout.split()[-2:])
        first = first or peak
        print(f"{count:>8}{peak:>10.0f}{peak / first - 1:>+11.1%}{rate:>10.1f}", flush=True)


def memory_of(count: int) -> None:
    """In a process of its own: peak resident MiB and images/s."""
    from tests.factories.checkpoints.perceivers import TinyModels

    with tempfile.TemporaryDirectory() as temporary:
        files = Files(FolderStore(Path(temporary)))
        inputs = inputs_for(files, count, 64)
        wall, _, result = timed(lambda: stage(inputs, TinyModels(), files, 16))
        if len(result.metrics) != count:
            raise SystemExit(f"{len(result.metrics)} of {count} were measured.")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, count / wall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--device", type=device, default="cpu", help="cpu, cuda, mps or auto")
    parser.add_argument("--only", choices=("speed", "memory"))
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory_of:
        memory_of(options.memory_of)
        return
    if options.only != "memory":
        speed(options.images, options.rounds, options.device, options.batch)
    if options.only != "speed":
        memory()


if __name__ == "__main__":
    main()
