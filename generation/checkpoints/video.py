"""Image to video, for new views of a product: Wan 2.2 TI2V, LTX-Video, Stable Video Diffusion, the turntable.

A picture is laid whole into a canvas of the family's size rules and about its own proportions; frames are cut to where
it lay. SVD takes no words: the camera goes where it likes.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from diffusers import (
    AutoencoderKLWan,
    LTXImageToVideoPipeline,
    StableVideoDiffusionPipeline,
    WanImageToVideoPipeline,
)
from PIL import Image

from generation.checkpoints.families.warm import Warm, load_pipeline, to_images
from generation.checkpoints.roles import Check, Filming, Sampling, go_on
from generation.checkpoints.sets import Entry
from generation.checkpoints.turntable import TurntablePipeline
from generation.checkpoints.weights import whole
from generation.exceptions import BadModelSet
from generation.imaging import canvas_for, letterbox


class Filmer(Warm, ABC):
    """One image-to-video pipeline, warm. A family says its sizes and how it is called."""

    native_side: int  # the root of the area in pixels that it was trained at
    native_tokens = 512  # that prompts are padded to
    widest = 1280 / 704  # proportions beyond it were never seen in training

    def __init__(self, pipeline: Any, entry: Entry, device: str) -> None:
        super().__init__(pipeline, entry, device)
        self.side = entry.side or self.native_side
        self.text_tokens = int(entry.options.get("text_tokens", self.native_tokens))

    def film(self, filming: Filming, *, check: Check = go_on) -> list[Image.Image]:
        """As many frames as asked or, by the family's rule, a few more; the first is close to the picture."""
        canvas = canvas_for(filming.image.size, self.side, self.multiple, self.widest)
        laid = letterbox(filming.image.size, canvas)
        sampling = Sampling(filming.steps, filming.guidance)
        made = self.call(
            self.pipeline,
            sampling,
            check,
            image=laid.image(filming.image),
            width=canvas[0],
            height=canvas[1],
            num_frames=self.frames_for(filming.frames),
            generator=torch.Generator("cpu").manual_seed(filming.seed),
            **self._told(filming),
        )
        return [frame.crop(laid.inner) for frame in to_images(made.frames[0])]

    def frames_for(self, frames: int) -> int:
        """The least number of frames the family makes that is enough."""
        group = self._frames_a_latent()
        return (max(frames, 1) + group - 2) // group * group + 1

    @abstractmethod
    def _frames_a_latent(self) -> int: ...

    def _told(self, filming: Filming) -> dict[str, Any]:
        """What the pipeline is told beside picture and sizes, by a family that reads words."""
        return {
            "prompt": filming.prompt,
            "guidance_scale": filming.guidance,
            "max_sequence_length": self.text_tokens,
        }


class Wan(Filmer):
    native_side = 640  # 480p: 832 x 480

    def __init__(self, entry: Entry, device: str) -> None:
        # Its VAE has no half precision worth having.
        how: dict[str, Any] = {"dtype": torch.float32, "local_files_only": True, "use_safetensors": True}
        vae = whole(AutoencoderKLWan, entry.path / "vae", **how)
        pipeline = load_pipeline(WanImageToVideoPipeline, entry, vae=vae)
        self.multiple = pipeline.vae_scale_factor_spatial * pipeline.transformer.config.patch_size[1]
        super().__init__(pipeline, entry, device)

    def _frames_a_latent(self) -> int:
        return int(self.pipeline.vae_scale_factor_temporal)


class Ltx(Filmer):
    native_side = 600  # 704 x 512
    native_tokens = 128

    def __init__(self, entry: Entry, device: str) -> None:
        pipeline = load_pipeline(LTXImageToVideoPipeline, entry)
        self.multiple = pipeline.vae_spatial_compression_ratio * pipeline.transformer_spatial_patch_size
        super().__init__(pipeline, entry, device)

    def _frames_a_latent(self) -> int:
        return int(self.pipeline.vae_temporal_compression_ratio)


class _FrameByFrame(Filmer):
    """A UNet over latents of single frames: as many as asked, from 2 on."""

    kind: Any  # its pipeline's class

    def __init__(self, entry: Entry, device: str) -> None:
        pipeline = load_pipeline(self.kind, entry)
        halvings = len(pipeline.unet.config.block_out_channels) - 1
        self.multiple = pipeline.vae_scale_factor * 2**halvings
        super().__init__(pipeline, entry, device)

    def frames_for(self, frames: int) -> int:
        return max(frames, 2)

    def _frames_a_latent(self) -> int:
        return 1


class Svd(_FrameByFrame):
    """Its guidance grows from frame to frame, which a single one cannot."""

    kind = StableVideoDiffusionPipeline
    native_side = 768  # 1024 x 576
    frames_decoded_at_once = 8

    def _told(self, filming: Filming) -> dict[str, Any]:
        return {
            "min_guidance_scale": min(1.0, filming.guidance),
            "max_guidance_scale": filming.guidance,
            "decode_chunk_size": self.frames_decoded_at_once,
        }


class Turntable(_FrameByFrame):
    """No video model, and not what production uses: see `turntable`. Its first frame is the picture itself.

    It takes no words and no guidance.
    """

    kind = TurntablePipeline
    native_side = 64

    def _told(self, _filming: Filming) -> dict[str, Any]:
        return {}


FAMILIES: dict[str, Any] = {"wan": Wan, "ltx": Ltx, "svd": Svd, "turntable": Turntable}


def load(entry: Entry, device: str) -> Filmer:
    """The entry's image-to-video model, warm. Raises BadModelSet for a family that there is not."""
    if entry.family not in FAMILIES:
        raise BadModelSet(f"There is no video family {entry.family!r}; choose from {', '.join(FAMILIES)}.")
    filmer: Filmer = FAMILIES[entry.family](entry, device)
    return filmer
