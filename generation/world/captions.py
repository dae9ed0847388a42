"""The caption of a scene in words: what a picture of it shows, and nothing that it does not."""

from generation.world.scenes import Scene, Thing, shown

PLACES = {
    "studio": "in a studio",
    "living room": "in a living room",
    "kitchen": "in a kitchen",
    "garden": "in a garden",
    "beach": "on a beach",
    "office": "in an office",
    "bedroom": "in a bedroom",
    "street": "on a street",
}
MATERIAL_WORDS = {"matte": "", "glossy": "glossy", "metal": "metal", "wooden": "wooden", "woven": "woven"}


def noun_phrase(thing: Thing, *, plain: bool = False) -> str:
    """The product without an article: "red and white striped mug with a blue star"."""
    words = [thing.colour]
    if thing.pattern != "plain":
        words += ["and", thing.second_colour, thing.pattern]
    material = "" if plain else MATERIAL_WORDS[thing.material]
    words = [word for word in (*words, material, thing.family) if word]
    mark = f" with {article(thing.mark_colour)} {thing.mark_colour} {thing.mark}" if thing.mark else ""
    return " ".join(words) + mark


def article(word: str) -> str:
    """ "an" before a vowel, else "a"."""
    return "an" if word[0] in "aeiou" else "a"


def caption(scene: Scene, name: str = "") -> str:
    """The scene in one line; `name` stands in for the product's words ("sks mug"), as fine-tuning wants it."""
    phrase = name or noun_phrase(shown(scene), plain=scene.detail == "plain")
    hidden = f" partly behind {article(scene.occluder)} {scene.occluder}" if scene.occluder else ""
    return f"a photo of {article(phrase)} {phrase} {PLACES[scene.context]}{hidden}, {scene.light}"
