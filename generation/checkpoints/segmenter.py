"""Segment Anything (arXiv 2304.02643) by Meta's `segment_anything`: role segmenter, family `sam`.

The entry's path is Meta's `.pth`, or a safetensors file with the same tensors. Options: `model` (vit_b, vit_l, vit_h),
or any field of `Shape` for another one; `points_per_side`, `grid_score` and `grid_stability` for `everything`.
The image encoder runs in the entry's dtype; prompts and masks, which cost next to nothing, in float32.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load as unpack
from safetensors.torch import save as pack
from segment_anything import SamPredictor
from segment_anything.modeling import ImageEncoderViT, MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from torchvision.ops import nms

from generation.checkpoints.loading import loaded
from generation.checkpoints.perceiving import dtype_of, finite, read_weights, weights_in
from generation.checkpoints.roles import MaskGuess
from generation.checkpoints.sets import Entry
from generation.exceptions import BadModelSet
from generation.records import MaskPrompt

# SAM spells its attention matrix out: 0.8 GB for a picture of 1024 px in B. Passes are cut to about this many bytes.
ATTENTION_BYTES = 2 * 2**30
POINTS_AT_ONCE = 64  # of the grid; a pass holds this many x 3 masks of a quarter of the encoder's side


@dataclass(frozen=True)
class Shape:
    """The sizes of a SAM. `side` in pixels; `prompt_dim` and what follows are the same in all that Meta published."""

    dim: int = 768
    depth: int = 12
    heads: int = 12
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    side: int = 1024
    patch: int = 16
    window: int = 14  # cells of the blocks that are not global; a grid that it does not divide is padded to one
    prompt_dim: int = 256
    decoder_dim: int = 2048
    decoder_heads: int = 8


SHAPES = {
    "vit_b": Shape(),
    "vit_l": Shape(dim=1024, depth=24, heads=16, global_blocks=(5, 11, 17, 23)),
    "vit_h": Shape(dim=1280, depth=32, heads=16, global_blocks=(7, 15, 23, 31)),
}


@dataclass(frozen=True)
class Grid:
    """How `everything` looks: points a side, and what a mask must have to count (the paper's B: stability)."""

    points_per_side: int = 16
    grid_score: float = 0.8
    grid_stability: float = 0.9
    overlap: float = 0.7  # IoU of two masks' boxes above which the lesser one goes


class SamSegmenter:
    """A warm SAM. It keeps nothing between calls, so that several threads may use one."""

    most_on_busy_ground = 1.0

    def __init__(self, model: Sam, grid: Grid, dtype: torch.dtype) -> None:
        self.model, self.grid, self.dtype = model, grid, dtype
        attention = (
            model.image_encoder.blocks[0].attn.num_heads * (model.image_encoder.pos_embed[0, ..., 0].numel()) ** 2
        )
        self.at_once = max(ATTENTION_BYTES // (attention * dtype.itemsize), 1)

    @torch.inference_mode()
    def embed(self, image: Image.Image) -> bytes:
        """A safetensors file: `features`, float16, (channels, h, w), and both sizes of the picture."""
        return self.embed_all([image])[0]

    @torch.inference_mode()
    def embed_all(self, images: Sequence[Image.Image]) -> list[bytes]:
        """The same for several pictures of any sizes, as many in a pass as their attention fits."""
        return [
            packed
            for start in range(0, len(images), self.at_once)
            for packed in self._embed(images[start : start + self.at_once])
        ]

    def _embed(self, images: Sequence[Image.Image]) -> list[bytes]:
        transform = SamPredictor(self.model).transform
        scaled = [transform.apply_image(np.asarray(image.convert("RGB"))) for image in images]
        device = self.model.pixel_mean.device
        batch = torch.stack(
            [self.model.preprocess(torch.as_tensor(one, device=device).permute(2, 0, 1)) for one in scaled]
        )
        features = finite(self.model.image_encoder(batch.to(self.dtype)).to(torch.float16)).cpu()
        return [
            _packed(each, (image.height, image.width), one.shape[:2])
            for each, image, one in zip(features, images, scaled, strict=True)
        ]

    @torch.inference_mode()
    def cut(self, embedding: bytes, prompt: MaskPrompt) -> list[MaskGuess]:
        """Three masks of what one point may mean, best first; one for a box or for several points."""
        if prompt.box is None and not prompt.points:
            raise ValueError("A prompt needs a box or at least one point.")
        points = np.array([(x, y) for x, y, _ in prompt.points], np.float32) if prompt.points else None
        labels = np.array([label for _, _, label in prompt.points]) if prompt.points else None
        masks, scores, _ = self._predictor(embedding).predict(
            point_coords=points,
            point_labels=labels,
            box=np.array(prompt.box, np.float32) if prompt.box else None,
            multimask_output=prompt.box is None and len(prompt.points) == 1,
        )
        guesses = [MaskGuess(mask, _score(score)) for mask, score in zip(masks, scores, strict=True)]
        return sorted(guesses, key=lambda guess: -guess.score)

    @torch.inference_mode()
    def everything(self, image: Image.Image) -> list[MaskGuess]:
        """Masks found from a grid of points, the lesser of near-duplicates left out, largest first.

        As SamAutomaticMaskGenerator does it, but judged at the decoder's resolution: only masks that stay are scaled
        to the picture's size, so that a large photo needs no gigabytes.
        """
        predictor = self._predictor(self.embed(image))
        logits, scores = self._grid(predictor)
        stable = _stability(logits)
        good = (scores >= self.grid.grid_score) & (stable >= self.grid.grid_stability) & (logits > 0).any(-1).any(-1)
        logits, scores = logits[good], scores[good]
        if not len(logits):
            return []
        kept = nms(_boxes(logits > 0), scores, self.grid.overlap)
        guesses = [
            MaskGuess(self._at_full_size(logits[index], predictor), _score(scores[index])) for index in kept.tolist()
        ]
        return sorted((guess for guess in guesses if guess.mask.any()), key=lambda guess: -int(guess.mask.sum()))

    def _predictor(self, embedding: bytes) -> SamPredictor:
        tensors = unpack(embedding)
        predictor = SamPredictor(self.model)
        predictor.features = tensors["features"][None].to(self.model.pixel_mean.device, torch.float32)
        predictor.original_size = tuple(tensors["original_size"].tolist())
        predictor.input_size = tuple(tensors["input_size"].tolist())
        predictor.is_image_set = True
        return predictor

    def _grid(self, predictor: SamPredictor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, h, w) without the padding, and scores (n), three for each point of the grid."""
        height, width = predictor.input_size
        steps = (torch.arange(self.grid.points_per_side) + 0.5) / self.grid.points_per_side
        points = torch.cartesian_prod(steps * width, steps * height).to(self.model.pixel_mean.device)
        logits, scores = [], []
        for some in torch.split(points, POINTS_AT_ONCE):
            ones = torch.ones(len(some), 1, dtype=torch.int, device=some.device)
            sparse, dense = self.model.prompt_encoder(points=(some[:, None], ones), boxes=None, masks=None)
            low, score = self.model.mask_decoder(
                image_embeddings=predictor.features,
                image_pe=self.model.prompt_encoder.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=True,
            )
            logits.append(low.flatten(0, 1))
            scores.append(score.flatten())
        scale = logits[0].shape[-1] / self.model.image_encoder.img_size
        rows, columns = max(round(height * scale), 1), max(round(width * scale), 1)
        return torch.cat(logits)[:, :rows, :columns], torch.cat(scores)

    def _at_full_size(self, logits: torch.Tensor, predictor: SamPredictor) -> Any:
        scaled = torch.nn.functional.interpolate(
            logits[None, None], predictor.original_size, mode="bilinear", align_corners=False
        )
        return (scaled[0, 0] > 0).cpu().numpy()


def load(entry: Entry, device: torch.device) -> SamSegmenter:
    """The entry's SAM on a device. Raises CheckpointMissing or BadModelSet."""
    shape = shape_of(entry)
    model = build(shape)
    weights = loaded(entry, lambda: read_weights(weights_in(entry.path)))
    loaded(entry, lambda: model.load_state_dict(weights))
    dtype = dtype_of(entry)
    model.eval().requires_grad_(False).to(device)
    model.image_encoder.to(dtype)
    if entry.options.get("compile"):
        model.image_encoder.compile()
    grid = Grid(**{name: entry.options[name] for name in asdict(Grid()) if name in entry.options})
    return SamSegmenter(model, grid, dtype)


def shape_of(entry: Entry) -> Shape:
    """The sizes that an entry's options name. Raises BadModelSet."""
    name = entry.options.get("model", "vit_b")
    if name not in SHAPES:
        raise BadModelSet(f"There is no SAM {name!r}; the segmenter's option model is one of {', '.join(SHAPES)}.")
    own: dict[str, Any] = {field: entry.options[field] for field in asdict(Shape()) if field in entry.options}
    if "global_blocks" in own:
        own["global_blocks"] = tuple(own["global_blocks"])
    if entry.side:
        own["side"] = entry.side
    return replace(SHAPES[name], **own)


def build(shape: Shape) -> Sam:
    """A SAM of these sizes with random weights; the parts are those of `segment_anything.build_sam`."""
    cells = shape.side // shape.patch
    encoder = ImageEncoderViT(
        depth=shape.depth,
        embed_dim=shape.dim,
        img_size=shape.side,
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
        num_heads=shape.heads,
        patch_size=shape.patch,
        use_rel_pos=True,
        global_attn_indexes=shape.global_blocks,
        window_size=shape.window,
        out_chans=shape.prompt_dim,
    )
    prompts = PromptEncoder(
        embed_dim=shape.prompt_dim,
        image_embedding_size=(cells, cells),
        input_image_size=(shape.side, shape.side),
        mask_in_chans=16,
    )
    two_way = TwoWayTransformer(
        depth=2, embedding_dim=shape.prompt_dim, num_heads=shape.decoder_heads, mlp_dim=shape.decoder_dim
    )
    decoder = MaskDecoder(transformer_dim=shape.prompt_dim, transformer=two_way)
    return Sam(encoder, prompts, decoder)


def _packed(features: torch.Tensor, original: tuple[int, int], scaled: tuple[int, ...]) -> bytes:
    return pack(
        {
            "features": features.contiguous(),
            "original_size": torch.tensor(original),
            "input_size": torch.tensor(scaled),
        }
    )


def _score(predicted: Any) -> float:
    """The predicted IoU; the network's head is linear and may leave 0 to 1."""
    return min(max(float(predicted), 0.0), 1.0)


def _stability(logits: torch.Tensor) -> torch.Tensor:
    """(n): IoU of each mask cut at logit 1 with itself cut at -1; a mask without any is 0."""
    high, low = (logits > 1).sum((-1, -2)), (logits > -1).sum((-1, -2))
    return high / low.clamp(min=1)


def _boxes(masks: torch.Tensor) -> torch.Tensor:
    """(n, 4) of (left, top, right, bottom) for (n, h, w) masks, none of them empty."""
    columns, rows = masks.any(-2).to(torch.int8), masks.any(-1).to(torch.int8)
    left, top = columns.argmax(-1), rows.argmax(-1)
    right = columns.shape[-1] - columns.flip(-1).argmax(-1)
    bottom = rows.shape[-1] - rows.flip(-1).argmax(-1)
    return torch.stack([left, top, right, bottom], dim=-1).float()
