"""Model sets as TOML: the shipped ones, one's own, and each mistake told in a sentence."""

from dataclasses import fields
from pathlib import Path

import pytest

import generation
from generation.checkpoints.licences import LICENCES
from generation.checkpoints.segmenter import Grid, Shape
from generation.checkpoints.set_files import SHIPPED, read_set, set_names
from generation.checkpoints.sets import FAMILIES, OPTIONS, ROLES, Places
from generation.exceptions import BadModelSet
from generation.records import PLACEHOLDER
from generation.world.captions import PLACES
from generation.world.catalogue import ARTICLES
from generation.world.scenes import FAMILIES as KINDS
from generation.world.scenes import LIGHTS

COMMIT = "c" * 40


@pytest.fixture
def own(tmp_path: Path) -> Places:
    (tmp_path / "sets").mkdir()
    return Places(tmp_path / "models", tmp_path / "sets")


def write(places: Places, text: str, name: str = "shop") -> str:
    assert places.own_sets
    (places.own_sets / f"{name}.toml").write_text(text)
    return name


HERE = {"mini", "classical", "classical-mini"}  # whose weights come along, or that has none


@pytest.mark.parametrize("name", sorted({path.stem for path in SHIPPED.glob("*.toml")} - HERE))
def test_shipped_sets_are_whole(name: str, own: Places) -> None:
    shipped = read_set(name, own)
    assert set(shipped.entries) == set(ROLES)
    assert shipped.title
    assert shipped.about
    for role, entry in shipped.entries.items():
        assert (entry.role, entry.set_name) == (role, name)
        assert entry.licence in LICENCES
        assert entry.size > 0
        assert entry.files, "a whole repo may hold the weights three times over"
        assert not any(pattern in ("*", "**") for pattern in entry.files)
        assert entry.path.is_relative_to(own.models)


def test_mini_needs_no_download(own: Places) -> None:
    """Its weights lie beside the code, wherever that is; no role is in a repo, and a sale may be made with all."""
    mini = read_set("mini", own)
    weights = Path(generation.__file__).parent / "mini" / "weights"
    assert set(mini.entries) == set(ROLES)
    for role, entry in mini.entries.items():
        assert not entry.repo
        assert entry.is_remote or entry.path.is_relative_to(weights), role
        assert entry.dtype == "float32"
    mini.check_licences(commercial=True)
    assert mini.entry("captioner").path == mini.entry("clip").path
    assert mini.entry("captioner").cache_key != mini.entry("clip").cache_key


def test_mini_is_asked_in_its_own_words(own: Places) -> None:
    """Its scenes are its captions in training, its nouns the world's for the types of the sample catalogue."""
    mini = read_set("mini", own)
    wanted = {f"a photo of a {PLACEHOLDER} {place}, {light}" for place in PLACES.values() for light in LIGHTS}
    assert (set(mini.scenes), len(mini.scenes)) == (wanted, 40)
    assert set(mini.nouns.values()) == set(KINDS)
    assert set(mini.nouns) == {article.type for article in ARTICLES}
    assert mini.known_nouns(["sneaker", "handbag", "mug"]) == ("bag", "mug")
    assert (mini.noun_for("handbag"), mini.noun_for("sneaker")) == ("bag", "sneaker")


def test_what_a_set_knows_is_its_parents_unless_it_says_otherwise(own: Places) -> None:
    sdxl = read_set("sdxl", own)
    assert (sdxl.scenes, sdxl.nouns, sdxl.known_nouns(["mug"])) == ((), {}, ("mug",))
    shop, mini = read_set(write(own, 'extends = "mini"\nnouns = { cup = "mug" }'), own), read_set("mini", own)
    assert (shop.scenes, shop.nouns) == (mini.scenes, {"cup": "mug"})


@pytest.mark.parametrize(
    ("written", "scenes", "nouns"),
    [("scenes = []", 0, 6), ("nouns = {}", 40, 0), ("scenes = []\nnouns = {}", 0, 0), ('about = "ours"', 40, 6)],
)
def test_a_set_is_rid_of_its_parents_words_by_saying_none(own: Places, written: str, scenes: int, nouns: int) -> None:
    shop = read_set(write(own, f'extends = "mini"\n{written}'), own)
    assert (len(shop.scenes), len(shop.nouns)) == (scenes, nouns)
    (own.own_sets or own.models).joinpath("grandchild.toml").write_text('extends = "shop"')
    grandchild = read_set("grandchild", own)
    assert (grandchild.scenes, grandchild.nouns) == (shop.scenes, shop.nouns)


def test_klein_may_be_used_commercially_throughout(own: Places) -> None:
    klein = read_set("klein", own)
    klein.check_licences(commercial=True)
    assert {entry.licence for entry in klein.entries.values()} == {"Apache-2.0"}
    assert klein.entry("inpainter").cache_key == klein.entry("served").cache_key
    assert klein.entry("base").cache_key != klein.entry("served").cache_key


def test_names_are_those_of_both_folders(own: Places) -> None:
    write(own, 'extends = "sd15"')
    assert set_names(own) == ["classical", "classical-mini", "klein", "mini", "sd15", "sd15-paper", "sdxl", "shop"]
    assert "shop" not in set_names(Places(own.models))


def test_an_own_set_replaces_what_differs(own: Places) -> None:
    (own.models / "ours").mkdir(parents=True)
    text = """
    title = "Ours"
    extends = "sdxl"
    [defaults]
    dtype = "float16"
    attention = "math"
    [roles.base]
    family = "sdxl"
    path = "../models/ours"
    licence = "Ours"
    commercial = true
    options = { compile = true }
    """
    shop, sdxl = read_set(write(own, text), own), read_set("sdxl", own)
    base = shop.entry("base")
    assert (base.repo, base.path, base.licence, base.commercial) == ("", own.models / "ours", "Ours", True)
    assert base.options == {
        "attention": "_native_math", "channels_last": True, "compile": True, "half_on_cpu": False,
    }  # fmt: skip
    assert shop.entry("served").path == base.path, "what is inherited as the same follows the new one"
    assert shop.entry("clip").repo == sdxl.entry("clip").repo
    assert (shop.entry("video").dtype, shop.entry("clip").dtype) == ("float16", "float32")
    assert shop.title == "Ours"
    assert shop.name == "shop"


def test_an_own_set_hides_a_shipped_one_of_its_name(own: Places) -> None:
    write(own, 'title = "Mine"\nextends = "sdxl"', "klein")
    assert read_set("klein", own).title == "Mine"


def test_a_set_can_be_given_as_a_file(own: Places, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.toml"
    file.write_text('extends = "sd15"')
    assert read_set(str(file), own).name == "elsewhere"


def test_a_pinned_commit_is_in_the_path(own: Places) -> None:
    text = f"""
    extends = "sd15"
    [roles.segmenter]
    family = "sam"
    repo = "some/sam"
    revision = "{COMMIT}"
    file = "checkpoints/b.pth"
    licence = "MIT"
    """
    entry = read_set(write(own, text), own).entry("segmenter")
    assert entry.path == own.models / "some--sam" / COMMIT / "checkpoints/b.pth"
    assert entry.files == ("checkpoints/b.pth",)


def test_a_commit_that_was_pinned_at_the_first_fetch_is_taken_from_the_lock(own: Places) -> None:
    name = write(own, 'extends = "sd15"\n[roles.dino]\nfamily = "dino"\nrepo = "some/dino"\nlicence = "MIT"')
    assert read_set(name, own).entry("dino").revision == ""
    (own.models / "some--dino").mkdir(parents=True)
    (own.models / "some--dino" / "lock.toml").write_text(f'pinned = "{COMMIT}"')
    entry = read_set(name, own).entry("dino")
    assert (entry.revision, entry.path.name) == (COMMIT, COMMIT)


@pytest.mark.parametrize("attention", ["flash", "cudnn"])
def test_a_kernel_for_half_precision_is_no_matter_of_encoders(own: Places, attention: str) -> None:
    shop = read_set(write(own, f'extends = "sd15"\n[defaults]\ndtype = "float16"\nattention = "{attention}"'), own)
    assert shop.entry("base").options["attention"] == f"_native_{attention}"
    assert shop.entry("dino").dtype == "float32"


ROLE = "[roles.dino]\n"
HUB = ROLE + 'family = "dino"\nlicence = "MIT"\nrepo = "some/dino"\n'
MISTAKES = {
    "no TOML": ("title = ", r"shop\.toml is no valid TOML: "),
    "an unknown key": ("colour = 1", r"shop\.toml: there is no key colour\."),
    "an unknown default": ("[defaults]\nspeed = 1", r"shop\.toml: there is no key defaults\.speed\."),
    "a scene without the product": (
        'scenes = ["a photo of a mug"]',
        r"a scene has \{product\} exactly once, and not so",
    ),
    "a type without a word": (
        'nouns = { mug = "" }',
        r"shop\.toml: nouns has 'mug' = ''; write a product type and a word",
    ),
    "a word without a type": ('nouns = { " " = "mug" }', r"shop\.toml: nouns has ' ' = 'mug'; write a product type"),
    "a bad default": ('[defaults]\ndtype = "int8"', r"defaults\.dtype: input should be 'float32', .*\(it is 'int8'\)"),
    "an unknown attention": (
        ROLE + 'family = "dino"\nlicence = "MIT"\npath = "x"\noptions = { attention = "slow" }',
        "role dino: options.attention = 'slow' is none of sdpa, math, flash",
    ),
    "an option that the family has not": (
        '[roles.safety]\nfamily = "clip-concepts"\nlicence = "MIT"\npath = "x"\noptions = { strictnes = 0.1 }',
        r"role safety: there is no option strictnes of clip-concepts; its options are attention, .*, strictness\.",
    ),
    "several attentions": (
        ROLE + 'family = "dino"\nlicence = "MIT"\npath = "x"\noptions = { attention = ["math"] }',
        r"role dino: options.attention = \['math'\] is none of sdpa",
    ),
    "a kernel that is for half precision": (
        '[defaults]\ndtype = "float32"\nattention = "flash"',
        "role base: attention = 'flash' needs half precision, and dtype = 'float32'",
    ),
    "such a kernel of one role": (
        '[roles.served]\nfamily = "sd"\nlicence = "MIT"\npath = "x"\ndtype = "float32"\n'
        'options = { attention = "cudnn" }',
        "role served: attention = 'cudnn' needs half precision, and dtype = 'float32'",
    ),
    "a path that is none": (
        ROLE + 'family = "dino"\nlicence = "MIT"\npath = "a\\u0000b"',
        "role dino: path: a path has no null characters",
    ),
    "an unknown role": ('[roles.painter]\nfamily = "sd"', "there is no role 'painter'; the roles are base, served"),
    "an unknown key of a role": (ROLE + "colour = 1", "role dino: there is no key colour"),
    "a bad side": (ROLE + "side = -3", r"role dino: side: .* \(it is -3\)"),
    "no family": (ROLE + 'path = "x"', "role dino: family = '' is none of dinov2, dino"),
    "another role's family": (ROLE + 'family = "sd"', "role dino: family = 'sd' is none of dinov2, dino"),
    "neither repo nor path": (ROLE + 'family = "dino"', 'give either repo = "owner/name" or path = "a/local/folder"'),
    "both repo and path": (HUB + 'path = "x"', "give either repo"),
    "a commit for a path": (
        ROLE + f'family = "dino"\nlicence = "MIT"\npath = "x"\nrevision = "{COMMIT}"',
        "revision, file and files belong to a repo",
    ),
    "a repo without its owner": (ROLE + 'repo = "dino"', r"role dino: repo: a repo is owner/name \(it is 'dino'\)"),
    "a branch for a commit": (HUB + 'revision = "main"', r"revision: a revision is a commit of 40 hex.*'main'"),
    "a file above the repo": (HUB + 'file = "../x.pth"', "file: a file is a path inside the repo"),
    "a short checksum": (HUB + 'sha256 = "abc"', "sha256: a SHA-256 is 64 hexadecimal digits"),
    "a checksum of a whole repo": (HUB + f'sha256 = "{"a" * 64}"', "sha256 is that of one file of a repo; name it"),
    "no licence": (ROLE + 'family = "dino"\npath = "x"', "role dino: licence is missing"),
    "an unknown licence that says nothing of commerce": (
        ROLE + 'family = "dino"\npath = "x"\nlicence = "Ours"',
        "licence = 'Ours' is not registered; say commercial = true or false",
    ),
    "commerce against the licence": (
        ROLE + 'family = "dino"\npath = "x"\nlicence = "CC-BY-NC-4.0"\ncommercial = true',
        "commercial = true, but the licence CC-BY-NC-4.0 forbids commercial use",
    ),
    "the same as something more": (
        '[roles.served]\nsame_as = "base"\nside = 64',
        "role served: same_as = 'base' stands alone",
    ),
    "the same as itself": ('[roles.base]\nsame_as = "base"', "must name a role that has a checkpoint of its own"),
    "the same as another kind": ('[roles.dino]\nsame_as = "clip"', "is of the family open_clip, which is no dino"),
    "a server without an address": (
        '[roles.writer]\nfamily = "openai-compatible"\nlicence = "MIT"',
        "wants options.url, and neither repo nor path",
    ),
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_a_sentence(text: str, said: str, own: Places) -> None:
    extends = "" if "title = " in text else 'extends = "sd15"\n'
    with pytest.raises(BadModelSet, match=said) as refused:
        read_set(write(own, extends + text), own)
    assert str(own.own_sets) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_with_a_byte_order_mark_is_read(own: Places) -> None:
    assert read_set(write(own, '\ufeffextends = "sd15"\n'), own).name == "shop"


def test_every_option_is_of_a_family_and_a_sams_are_all_there() -> None:
    assert set(OPTIONS) <= {family for families in FAMILIES.values() for family in families}
    sizes = {field.name for field in (*fields(Shape), *fields(Grid))}
    assert set(OPTIONS["sam"]) == {"model", *sizes} - {"side"}, "its side is a key of the role"


def test_a_missing_role_is_named(own: Places) -> None:
    text = '[roles.base]\nfamily = "sd"\npath = "x"\nlicence = "MIT"'
    with pytest.raises(BadModelSet, match=r"the role served is missing; write a table \[roles\.served\], or extend"):
        read_set(write(own, text), own)


def test_sets_that_extend_in_a_circle(own: Places) -> None:
    write(own, 'extends = "two"', "one")
    write(own, 'extends = "one"', "two")
    with pytest.raises(BadModelSet, match=r"one\.toml extends itself by way of one, two"):
        read_set("one", own)


@pytest.mark.parametrize("name", ["nothing", "../sd15", "sd15/", ""])
def test_there_is_no_such_set(name: str, own: Places) -> None:
    there = "classical, classical-mini, klein, mini, sd15, sd15-paper, sdxl"
    with pytest.raises(BadModelSet, match=rf"no model set .*; there are: {there}\."):
        read_set(name, own)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadModelSet, match=r"none\.toml cannot be read: No such file or directory"):
        read_set(str(tmp_path / "none.toml"), Places(tmp_path))


def test_every_role_has_families() -> None:
    assert set(FAMILIES) == set(ROLES)
