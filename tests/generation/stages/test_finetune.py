"""The stage finetune: what each image is said to be, one product or several, the baseline, and what the file tells."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from generation.checkpoints.cache import ModelCache
from generation.checkpoints.set_files import read_set
from generation.checkpoints.sets import Places
from generation.context import LocalContext
from generation.exceptions import NotEnoughImages, NotPossible, OutOfRoom, TrainingDiverged
from generation.files import Files
from generation.recipe import EarlyStop, FinetuneConfig, TokenSweep
from generation.records import (
    Caption,
    CaptionResult,
    ClassImage,
    ClassImagesResult,
    FilterResult,
    FinetuneResult,
    Photo,
    PhotoMask,
    ProductFacts,
    SegmentResult,
    TrainingImage,
    from_plain,
    to_plain,
)
from generation.stages import finetune
from generation.stages.finetune import Inputs, run, run_group, split, training_images
from generation.training import aside, caches, loop, validation
from generation.training.adapters import open_adapter
from generation.training.lessons import Lesson
from generation.training.unet import UnetDenoiser
from tests.factories.checkpoints.model_set import tiny_set
from tests.factories.training import Stopped, StoppingContext, make_config, make_files, make_mask, make_picture

GIVEN = {"token": "sks", "validate_every": 0}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> ModelCache:
    folder = tmp_path_factory.mktemp("sets")
    return ModelCache(read_set(str(tiny_set(folder)), Places(folder)), torch.device("cpu"), 1 << 33)


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation, "STEPS", 2)


@pytest.fixture
def files() -> Files:
    return make_files()


def make_inputs(files: Files, title: str = "Blue mug", photos: int = 2, **changes: Any) -> Inputs:
    pictures = [make_picture(files, len(title) + number) for number in range(photos)]
    masks = tuple(PhotoMask(p, make_mask(files), (16, 16, 48, 48), 0.25, 0.9, "automatic") for p in pictures)
    captions = tuple(Caption(p, f"a {{product}} on table {n}", "automatic") for n, p in enumerate(pictures))
    product = ProductFacts(title, "mug", tuple(Photo(picture) for picture in pictures))
    values = {"segment": SegmentResult(masks), "caption": CaptionResult(captions), "seed": 7}
    return Inputs(product, **(values | changes))


def adapter_of(files: Files, result: FinetuneResult) -> dict[str, torch.Tensor]:
    layers = open_adapter(files.data(result.adapter)).layers
    return {name: up @ down for name, (down, up) in layers.items()}


def difference(files: Files, one: FinetuneResult, other: FinetuneResult) -> float:
    left, right = adapter_of(files, one), adapter_of(files, other)
    return max(float((left[name] - right[name]).abs().max()) for name in left)


def prompts_learnt(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prompts of all lessons that are made from now on."""
    seen: list[str] = []
    plain = Lesson.__init__

    def init(self: Lesson, *args: Any, **kwargs: Any) -> None:
        plain(self, *args, **kwargs)
        seen.extend(self.prompts)

    monkeypatch.setattr(Lesson, "__init__", init)
    return seen


def test_an_adapter_of_photos_and_their_captions(models: ModelCache, files: Files) -> None:
    result = run(make_inputs(files), make_config(**GIVEN), models, LocalContext(), files)
    assert (result.token, result.rank, result.steps, result.steps_saved, result.images) == ("sks", 4, 6, 0, 2)
    assert result.loss[-1][0] == 6
    assert result.bytes == len(files.data(result.adapter))
    assert from_plain(FinetuneResult, json.loads(json.dumps(to_plain(result)))) == result
    assert any(update.any() for update in adapter_of(files, result).values())


def test_the_file_tells_what_it_is(models: ModelCache, files: Files) -> None:
    result = run(
        make_inputs(files), make_config(**GIVEN, rank_stabilised=True, alpha=2.0), models, LocalContext(), files
    )
    told = open_adapter(files.data(result.adapter)).metadata
    assert told["token"] == "sks"
    assert (told["noun"], told["rank"], told["alpha"], told["trained_alpha"]) == ("mug", "4", "4", "2.0")
    assert (told["licence"], told["steps"], told["seed"]) == ("Apache-2.0", "6", "7")
    assert len(told["data_sha256"]) == 64
    assert json.loads(told["training"])["rank_stabilised"] is True


def test_positives_have_the_token_and_negatives_plain_words(
    models: ModelCache, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = make_inputs(files)
    picture = inputs.product.photos[0].picture
    images = (
        TrainingImage("photo", picture, picture, None, "a {product} by a lamp", {}, kept=True),
        TrainingImage("new-context", picture, make_picture(files, 40), None, "a {product} at sea", {}, kept=True),
        TrainingImage("in-class", picture, make_picture(files, 41), None, "a green mug", {}, kept=True),
        TrainingImage("counterfactual", picture, make_picture(files, 42), None, "a lamp at sea", {}, kept=True),
        TrainingImage("new-context", picture, make_picture(files, 43), None, "a {product} gone", {}, False, "odd"),
    )
    seen = prompts_learnt(monkeypatch)
    inputs = replace(inputs, filter=FilterResult(images))
    result = run(inputs, make_config(**GIVEN), models, LocalContext(), files)
    assert seen == ["a sks mug by a lamp", "a sks mug at sea", "a green mug", "a lamp at sea"]
    assert result.images == 4


def test_the_baseline_is_photos_with_class_images_and_their_loss(
    models: ModelCache, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tuple(ClassImage("a photo of a mug", n, make_picture(files, 60 + n)) for n in range(3))
    inputs = make_inputs(files, class_images=ClassImagesResult(made))
    seen = prompts_learnt(monkeypatch)
    config = make_config(**GIVEN, prior_weight=1.0, class_images=3)
    with_prior = run(inputs, config, models, LocalContext(), files)
    assert seen == ["a sks mug on table 0", "a sks mug on table 1", "a photo of a mug"]
    without = run(inputs, make_config(**GIVEN), models, LocalContext(), files)
    assert difference(files, with_prior, without) > 1e-4


@pytest.mark.parametrize(
    "changes", [{}, {"ema": 0.9}, {"masked_loss": True, "batch": 2}], ids=["plain", "averaged", "masked"]
)
def test_several_products_in_one_call_are_as_each_alone(
    changes: dict[str, Any], models: ModelCache, files: Files
) -> None:
    config = make_config(**GIVEN, **changes)
    inputs = [make_inputs(files, title) for title in ("Blue mug", "Another mug")]
    together = run_group(inputs, config, models, [LocalContext(), LocalContext()], files)
    for one, result in zip(inputs, together, strict=True):
        assert isinstance(result, FinetuneResult)
        assert difference(files, result, run(one, config, models, LocalContext(), files)) < 1e-4


class SmallRoom(LocalContext):
    """Memory ran out that many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def batch_size(self, largest: int) -> int:
        return max(1, largest >> self.times)


@pytest.mark.parametrize(
    ("device", "batch", "times", "wanted"),
    [
        ("cpu", 1, 0, [(4, False, False, 1)]),
        ("cpu", 1, 1, [(4, True, False, 1)]),
        ("cpu", 1, 2, [(2, True, False, 1)] * 2),
        ("cpu", 1, 3, [(1, True, False, 1)] * 4),
        ("cuda", 1, 0, [(4, False, False, 1)]),
        ("cuda", 1, 1, [(4, True, False, 1)]),
        ("cuda", 1, 2, [(4, True, True, 1)]),
        ("cuda", 1, 3, [(2, True, True, 1)] * 2),
        ("cpu", 6, 0, [(4, False, False, 1)]),
        ("cpu", 6, 1, [(4, True, False, 1)]),
        ("cpu", 6, 3, [(1, True, False, 1)] * 4),
        ("cpu", 6, 4, [(1, True, False, 2)] * 4),
        ("cpu", 6, 9, [(1, True, False, 6)] * 4),
    ],
)
def test_lack_of_memory_saves_first_and_then_halves_the_group_and_the_batch(  # noqa: PLR0917 - a table
    device: str,
    batch: int,
    times: int,
    wanted: list[tuple[int, bool, bool, int]],
    models: ModelCache,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[tuple[int, bool, bool, int]] = []

    def train(self: Any, config: FinetuneConfig, tasks: Any) -> Any:
        calls.append((len(tasks), config.gradient_checkpointing, self.spares, self.passes))
        return [TrainingDiverged("enough is known") for _ in tasks]

    monkeypatch.setattr(finetune.Trainer, "train", train)
    # A CPU takes the place of a card: what a card saves is asked of it.
    monkeypatch.setattr(finetune, "SAVINGS", {"cpu": finetune.SAVINGS["cuda"]} if device == "cuda" else {})
    inputs = [make_inputs(files, f"Mug {number}") for number in range(4)]
    run_group(inputs, make_config(**GIVEN, steps=1, batch=batch), models, [SmallRoom(times) for _ in inputs], files)
    assert calls == wanted


@pytest.fixture
def nothing_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the folder either that a worker in another test gave the cache of this process."""
    monkeypatch.setattr(caches.shared(), "folder", None)
    caches.shared().clear()


@pytest.mark.usefixtures("nothing_cached")
@pytest.mark.parametrize("part", ["moments", "words"])
def test_what_is_encoded_is_halved_down_to_one_when_memory_runs_out(
    part: str, models: ModelCache, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = make_inputs(files, photos=5)
    wanted = run(inputs, make_config(**GIVEN), models, LocalContext(), files)
    passes: list[int] = []
    plain = getattr(UnetDenoiser, part)

    def small(self: Any, few: Any) -> Any:
        passes.append(len(few))
        if len(few) > 1:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 64 bytes.")
        return plain(self, few)

    monkeypatch.setattr(UnetDenoiser, part, small)
    for times in (0, 1):
        caches.shared().clear()
        with pytest.raises(MemoryError):  # by which the job knows it, and begins again
            run(inputs, make_config(**GIVEN), models, SmallRoom(times), files)
    result = run(inputs, make_config(**GIVEN), models, SmallRoom(2), files)
    assert passes == [4, 2, 1, 1, 1, 1, 1]
    assert difference(files, wanted, result) < 1e-4


@pytest.mark.usefixtures("nothing_cached")
def test_what_cannot_be_encoded_even_alone_says_so(
    models: ModelCache, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(UnetDenoiser, "moments", full)
    with pytest.raises(OutOfRoom, match="Memory ran out in the encoding of training images, with one image at a time"):
        run(make_inputs(files), make_config(**GIVEN), models, SmallRoom(9), files)


class Unusable:
    """In place of moving parts: those put aside refuse all work until they are back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hooks: list[Any] = []
        self.parts: list[int] = []  # at each move away
        monkeypatch.setattr(aside, "RESTING", torch.device("meta"))
        monkeypatch.setattr(aside.Aside, "_move", lambda idle, device: self.move(idle._parts, device))

    def move(self, parts: list[torch.nn.Module], device: torch.device) -> None:
        for hook in self.hooks:
            hook.remove()
        self.hooks = []
        if device.type == "meta":
            self.parts.append(len(parts))
            every = [module for part in parts for module in part.modules()]
            self.hooks = [module.register_forward_pre_hook(self.refuse) for module in every]

    def refuse(self, module: torch.nn.Module, _: Any) -> None:
        raise Stopped(type(module).__name__)


@pytest.mark.usefixtures("nothing_cached")
@pytest.mark.parametrize("family", ["sd", "sdxl", "flux2-klein"])
def test_with_parts_put_aside_the_adapter_is_the_same(
    family: Any, tmp_path: Path, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ModelCache(read_set(str(tiny_set(tmp_path, family)), Places(tmp_path)), torch.device("cpu"), 1 << 33)
    config, inputs = make_config(token="sks", steps=2, validate_every=1, size=32), make_inputs(files)
    plain = run(inputs, config, models, SmallRoom(2), files)
    caches.shared().clear()
    unusable = Unusable(monkeypatch)
    monkeypatch.setattr(finetune, "SAVINGS", {"cpu": 2})
    assert run(inputs, config, models, SmallRoom(2), files) == plain
    looks = len({image.step for image in plain.validation})
    assert looks > 0
    assert unusable.parts == [3 if family == "sdxl" else 2] * (1 + looks), "at the start, and after each look"


def test_a_part_that_training_needs_cannot_be_put_aside(
    models: ModelCache, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    Unusable(monkeypatch)
    monkeypatch.setattr(finetune, "SAVINGS", {"cpu": 2})
    monkeypatch.setattr(loop, "idle_in", lambda denoiser, _: [denoiser.roots["unet"]])
    with pytest.raises(Stopped):
        run(make_inputs(files), make_config(**GIVEN), models, SmallRoom(2), files)


@pytest.mark.parametrize("kill_at", [3, 7, 11, 16, 20])
def test_a_stage_that_is_killed_and_begun_again_gives_the_same_file(
    kill_at: int, models: ModelCache, files: Files
) -> None:
    config = make_config(steps=8, validate_every=4, sweep=TokenSweep(candidates=3, steps=2))
    inputs = make_inputs(files)
    undisturbed = run(inputs, config, models, LocalContext(), files)
    context = StoppingContext(kill_at)
    with pytest.raises(Stopped):
        run(inputs, config, models, context, files)
    context.left = -1
    assert run(inputs, config, models, context, files) == undisturbed


def test_the_sweep_picks_a_token_once(models: ModelCache, files: Files) -> None:
    context = LocalContext()
    config = make_config(validate_every=0, sweep=TokenSweep(candidates=3, steps=2))
    result = run(make_inputs(files), config, models, context, files)
    assert [score.steps for score in result.sweep] == [4, 4, 2]
    assert result.sweep[0].token == result.token
    assert result.sweep[0].score is not None
    assert result.sweep[1].score is not None
    assert result.sweep[0].score >= result.sweep[1].score
    assert context.done["token"][0]["token"] == result.token


def test_without_a_sweep_the_first_token_for_the_product_is_taken(models: ModelCache, files: Files) -> None:
    tokens = {
        run(make_inputs(files, title), make_config(validate_every=0, steps=1), models, LocalContext(), files).token
        for title in ("Blue mug", "Red mug", "Green mug")
    }
    assert len(tokens) > 1


def test_a_title_word_is_never_the_token(models: ModelCache, files: Files) -> None:
    config = make_config(validate_every=0, steps=1, sweep=None)
    plain = run(make_inputs(files), config, models, LocalContext(), files)
    inputs = make_inputs(files)
    clash = replace(inputs, product=replace(inputs.product, title=f"Blue mug {plain.token}"))
    result = run(clash, config, models, LocalContext(), files)
    assert result.token != plain.token


@pytest.mark.parametrize(
    ("token", "reason"), [("mug", "product type"), ("table", "word that the model knows"), ("blue", "title")]
)
def test_a_given_token_that_is_a_word_is_refused(token: str, reason: str, models: ModelCache, files: Files) -> None:
    with pytest.raises(NotPossible, match=reason):
        run(make_inputs(files), make_config(token=token), models, LocalContext(), files)


def test_validation_images_and_an_early_end(models: ModelCache, files: Files) -> None:
    early = EarlyStop(every=2, patience=1, prompts=2, diversity_weight=0.0)
    config = make_config(token="sks", validate_every=4, steps=40, learning_rate=1e-9, early_stop=early)
    context = LocalContext()
    prompts = ("a {product} in a garden", "a {product} on a chair", "a {product} nowhere")
    result = run(make_inputs(files, prompts=prompts, model_set="tiny"), config, models, context, files)
    assert result.steps_saved > 0
    assert result.steps == max(result.looks, key=lambda look: look.fidelity + look.text_alignment).step
    assert {image.prompt for image in result.validation} == {"a sks mug in a garden", "a sks mug on a chair"}
    assert len(context.shown) == len(result.validation)
    for image in result.validation:
        packet = Image.open(io.BytesIO(files.data(image.picture.key))).info["XML:com.adobe.xmp"]
        assert all(told in packet for told in ("/trainedAlgorithmicMedia<", image.prompt, ">tiny<", ">finetune<"))
    told = open_adapter(files.data(result.adapter)).metadata
    assert json.loads(told["metrics"])["step"] == result.steps
    assert told["steps"] == str(result.steps)


def test_a_loss_that_is_no_number_is_told_and_spares_the_others(
    models: ModelCache, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = [make_inputs(files), make_inputs(files, "Another mug")]
    with models.base() as backbone:
        poisoned = finetune.denoiser_of(backbone)
    plain, poisoned_rows = type(poisoned).noised, 2

    def noised(self: Any, clean: torch.Tensor, noise: torch.Tensor, times: torch.Tensor) -> Any:
        if len(clean) == poisoned_rows:
            clean[0] = float("nan")  # the first product's
        return plain(self, clean, noise, times)

    monkeypatch.setattr(type(poisoned), "noised", noised)
    bad, good = run_group(inputs, make_config(**GIVEN), models, [LocalContext(), LocalContext()], files)
    assert isinstance(bad, TrainingDiverged)
    assert isinstance(good, FinetuneResult)
    poisoned_rows = 1
    with pytest.raises(TrainingDiverged, match="step 1"):
        run(inputs[0], make_config(**GIVEN), models, LocalContext(), files)


def test_a_size_that_the_family_cannot_is_refused(tmp_path: Path, files: Files) -> None:
    klein = ModelCache(read_set(str(tiny_set(tmp_path, "flux2-klein")), Places(tmp_path)), torch.device("cpu"), 1 << 33)
    with pytest.raises(NotPossible, match="72 pixels, which does not divide by 16"):
        run(make_inputs(files), make_config(**GIVEN, size=72), klein, LocalContext(), files)
    assert run(make_inputs(files), make_config(**GIVEN, size=32, steps=1), klein, LocalContext(), files).steps == 1


def test_a_product_without_any_found_photo_cannot_be_learnt(models: ModelCache, files: Files) -> None:
    with pytest.raises(NotEnoughImages):
        run(make_inputs(files, photos=0), make_config(**GIVEN), models, LocalContext(), files)


def test_images_to_try_tokens_with_and_to_score_them_on(files: Files) -> None:
    few = training_images(make_inputs(files, photos=3))
    assert split(few) == (list(few), sorted(few, key=lambda image: image.picture.sha256))
    many = training_images(make_inputs(files, photos=10))
    taught, held = split(many)
    assert len(held) == 2
    assert not {image.picture.key for image in held} & {image.picture.key for image in taught}
    assert len(taught) + len(held) == 10


def test_a_photo_without_a_caption_has_a_plain_one(files: Files) -> None:
    images = training_images(make_inputs(files, caption=None))
    assert {image.text for image in images} == {"a photo of {product}"}
    assert np.all([image.positive for image in images])


@pytest.mark.parametrize("positive", [True, False], ids=["product", "another"])
def test_texts_longer_than_the_base_reads_keep_the_product(models: ModelCache, positive: bool) -> None:
    long = "on a wooden table in a bright kitchen, with a bowl of lemons and a folded cloth, " * 4
    with models.base() as base:
        words = finetune._Words("sks", "mug", base)
        said = words.of(f"{long}a {{product}}", positive)
        assert base.token_count(said) <= base.token_limit
        assert said.endswith("a sks mug" if positive else "a mug")
        assert words.of(long, positive) == long
