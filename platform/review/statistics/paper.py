"""What the paper prints (arXiv 2503.08729, Tables 1 and 2), to stand beside ours; data sets as it names them."""

from dataclasses import dataclass

SOURCE = "arXiv 2503.08729"
PRODUCTS = 100  # of the closed evaluation set of Table 1
METHOD, BASELINE = "paper-2503.08729", "dreambooth-lora"


@dataclass(frozen=True)
class PassRates:
    """A row of Table 1, shares from 0 to 1. `method` is the name of our recipe of it."""

    dataset: str
    method: str
    per_image: float
    per_product: float


@dataclass(frozen=True)
class Alignment:
    """A column of Table 2: means of cosine similarities, higher is better."""

    dataset: str
    method: str
    clip_i: float
    clip_t: float
    dino_i: float
    seg_clip_i: float
    seg_clip_t: float
    seg_dino_i: float


TABLE_1 = (
    PassRates("Furniture", METHOD, 0.174, 0.455),
    PassRates("Furniture", BASELINE, 0.100, 0.240),
)
TABLE_2 = (
    Alignment("ABO", METHOD, 0.89, 0.24, 0.98, 0.94, 0.21, 0.99),
    Alignment("Private set", METHOD, 0.80, 0.20, 0.94, 0.90, 0.24, 0.99),
    Alignment("Private set", BASELINE, 0.81, 0.25, 0.92, 0.88, 0.22, 0.98),
)
METRICS = {
    "clip_i": "CLIP-I",
    "clip_t": "CLIP-T",
    "dino_i": "DINO-I",
    "seg_clip_i": "Seg CLIP-I",
    "seg_clip_t": "Seg CLIP-T",
    "seg_dino_i": "Seg DINO-I",
}
