"""`python -m generation.studio [FOLDER] [NAME …]`: draw the scenes, each a WebP with its JSON beside it."""

import argparse
import json
import sys
from pathlib import Path

from PIL import Image

from generation.studio.bank import SCENES
from generation.studio.scenes import Scene
from generation.studio.surfaces import finished

SIDE = 1024
_DRAWN = 1.25  # times the side, then reduced: smooth edges
_QUALITY = 90


def draw(scene: Scene, folder: Path, side: int = SIDE) -> int:
    """Write the scene's picture and facts; returns the picture's bytes. Same code, same pixels."""
    pixels = finished(scene.paint(round(side * _DRAWN)), side, seed=len(scene.name))
    picture = folder / f"{scene.name}.webp"
    Image.fromarray(pixels).save(picture, "WEBP", quality=_QUALITY, method=6)
    facts = json.dumps(scene.facts(), indent=2, ensure_ascii=False)
    (folder / f"{scene.name}.json").write_text(facts + "\n", encoding="utf-8")
    return picture.stat().st_size


def main() -> None:
    """Draw all scenes, or those named."""
    parser = argparse.ArgumentParser(description="Draw the studio scenes that come with Vitrine.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parents[1] / "backgrounds")
    parser.add_argument("names", nargs="*", help="these scenes only")
    asked = parser.parse_args()
    if unknown := set(asked.names) - {scene.name for scene in SCENES}:
        parser.error(f"there is no scene {', '.join(sorted(unknown))}")
    asked.folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for scene in SCENES:
        if not asked.names or scene.name in asked.names:
            total += draw(scene, asked.folder)
            sys.stdout.write(f"{scene.name}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{total / 1e6:.1f} MB in {asked.folder}\n")


if __name__ == "__main__":
    main()
