"""`python -m generation.world`: training data as shards, the sample catalogue, empty backgrounds and contact sheets."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from generation.exceptions import GenerationError
from generation.world.backgrounds import SIDE as BACKGROUND_SIDE
from generation.world.backgrounds import write_backgrounds
from generation.world.catalogue import SIDE, write_catalogue
from generation.world.dataset import Plan, write
from generation.world.sheets import SHEETS, write_sheet


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what is wrong with it is one sentence on stderr and exit status 1."""
    parsed = _parser().parse_args(arguments)
    torch.set_num_threads(parsed.threads)
    try:
        parsed.run(parsed)
    except GenerationError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m generation.world", description="Pictures of a rendered world.")
    parser.add_argument("--threads", type=int, default=1, help="of torch; 1 where cores are shared")
    commands = parser.add_subparsers(required=True)
    rendering = commands.add_parser("render", help="training data as shards; goes on where it was stopped")
    rendering.add_argument("--out", type=Path, required=True, help="the folder of shards")
    rendering.add_argument("--things", type=int, required=True, help="how many products")
    rendering.add_argument("--views", type=int, default=4, help="scenes of each product")
    rendering.add_argument("--orbit", type=int, default=0, help="in place of views: so many sides of one scene")
    rendering.add_argument("--side", type=int, default=64, help="pixels")
    rendering.add_argument("--samples", type=int, default=2, help="rays a pixel, each way")
    rendering.add_argument("--detail", choices=("plain", "full"), default="plain")
    rendering.add_argument("--first-seed", type=int, default=0, help="900000 and up is held out from training")
    rendering.add_argument("--shard", type=int, default=50, help="products in a shard")
    rendering.add_argument("--minutes", type=float, default=0.0, help="stop after so long; 0 is no limit")
    rendering.set_defaults(run=_render)
    catalogue = commands.add_parser("catalogue", help="the sample catalogue: photos and products.jsonl")
    catalogue.add_argument("--out", type=Path, required=True, help="the folder; photos that are there stay")
    catalogue.add_argument("--side", type=int, default=SIDE, help="pixels")
    catalogue.set_defaults(run=_catalogue)
    backgrounds = commands.add_parser("backgrounds", help="empty places for background-swap, each with its facts")
    backgrounds.add_argument("--out", type=Path, required=True, help="the folder; pictures that are there stay")
    backgrounds.add_argument("--side", type=int, default=BACKGROUND_SIDE, help="pixels")
    backgrounds.set_defaults(run=_backgrounds)
    sheet = commands.add_parser("sheet", help="a contact sheet")
    sheet.add_argument("name", choices=sorted(SHEETS))
    sheet.add_argument("--detail", choices=("plain", "full"), default="plain")
    sheet.add_argument("--out", type=Path, required=True, help="the file: .webp or .png")
    sheet.set_defaults(run=_sheet)
    return parser


def _render(parsed: argparse.Namespace) -> None:
    plan = Plan(
        things=parsed.things,
        views=0 if parsed.orbit else parsed.views,
        orbit=parsed.orbit,
        side=parsed.side,
        samples=parsed.samples,
        detail=parsed.detail,
        first_seed=parsed.first_seed,
        shard=parsed.shard,
    )
    written = write(plan, parsed.out, minutes=parsed.minutes)
    sys.stdout.write(f"{written} of {plan.shards()} shards written to {parsed.out}.\n")


def _catalogue(parsed: argparse.Namespace) -> None:
    new = write_catalogue(parsed.out, side=parsed.side)
    sys.stdout.write(f"{new} photos rendered into {parsed.out}.\n")


def _backgrounds(parsed: argparse.Namespace) -> None:
    for name in write_backgrounds(parsed.out, side=parsed.side):
        sys.stdout.write(f"{name}\n")


def _sheet(parsed: argparse.Namespace) -> None:
    write_sheet(parsed.name, parsed.detail, parsed.out)


if __name__ == "__main__":
    sys.exit(main())
