"""Model sets in a terminal: which there are, whether they are here and whole, and how they get here."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from generation.checkpoints import loading
from generation.checkpoints.licences import licence_of
from generation.checkpoints.roles import Role
from generation.checkpoints.set_files import read_set, set_names
from generation.checkpoints.sets import ROLES, Entry, ModelSet
from generation.exceptions import BadModelSet, CheckpointMissing, FetchFailed, LicenceRefused
from generation.model_sets import places

HEADER = ("role", "checkpoint", "commit", "licence", "commercial use", "size", "")


class Command(BaseCommand):
    """`manage.py models list|check|fetch`; a check that finds something wrong ends with status 1."""

    help = "List model sets, check their files, or download them."

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, parser_class=argparse.ArgumentParser)
        verbs.add_parser("list", help="every set and role: checkpoint, licence, size, whether it is here")
        checking = verbs.add_parser("check", help="every file by size and checksum")
        checking.add_argument("--quick", action="store_true", help="sizes only")
        checking.add_argument("--commercial", action="store_true", help="refuse licences that forbid commercial use")
        fetching = verbs.add_parser("fetch", help="download what is missing, and pin it")
        fetching.add_argument("--yes", action="store_true", help="do not ask")
        for verb in (checking, fetching):
            verb.add_argument("set", metavar="SET", help="a set's name, or its TOML file")
            verb.add_argument("--role", action="append", choices=ROLES, help="this role only; may be repeated")

    def handle(self, *_: Any, verb: str, **options: Any) -> None:
        if verb == "list":
            self._list()
            return
        try:
            chosen = read_set(options["set"], places())
            roles = tuple(options["role"] or chosen.entries)
            if verb == "check":
                self._check(chosen, roles, commercial=options["commercial"], quick=options["quick"])
            else:
                self._fetch(chosen, roles, ask=not options["yes"])
        except (BadModelSet, CheckpointMissing, FetchFailed, LicenceRefused) as error:
            raise CommandError(str(error)) from None

    def _list(self) -> None:
        for name in set_names(places()):
            try:
                self._list_set(read_set(name, places()))
            except (BadModelSet, CheckpointMissing) as error:
                self.stderr.write(f"{name}: {error}\n")

    def _list_set(self, chosen: ModelSet) -> None:
        entries = _distinct(chosen.entries.values())
        self.stdout.write(f"{chosen.name}: {chosen.title} ({_size(sum(entry.size for entry in entries))})")
        rows: list[tuple[str, ...]] = [HEADER]
        for entry in chosen.entries.values():
            own = next(other for other in entries if other.cache_key == entry.cache_key)
            rows.append(_row(entry) if own is entry else (entry.role, f"the same as {own.role}", "", "", "", "", ""))
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(f"  {'  '.join(cells).rstrip()}")
        self.stdout.write("")

    def _check(self, chosen: ModelSet, roles: tuple[Role, ...], *, commercial: bool, quick: bool) -> None:
        wrong, looked_at = [], _distinct(chosen.entry(role) for role in roles)
        for entry in looked_at:
            problems = loading.missing(entry, checksums="none" if quick else "all")
            self.stdout.write(f"{entry.role}: {'; '.join(problems) or 'all files are here and whole'}")
            wrong += [entry] if problems else []
        if fetchable := [entry.role for entry in wrong if entry.repo]:
            some = (
                "".join(f" --role {role}" for role in fetchable)
                if roles != tuple(chosen.entries) or wrong != looked_at
                else ""
            )
            self.stdout.write(f"Fetch what is missing: manage.py models fetch {chosen.name}{some}")
        chosen.check_licences(commercial, roles)
        if wrong:
            sys.exit(1)

    def _fetch(self, chosen: ModelSet, roles: tuple[Role, ...], *, ask: bool) -> None:
        from generation.checkpoints import fetch  # noqa: PLC0415 - the hub's client: for this verb only

        entries = [entry for entry in _distinct(chosen.entry(role) for role in roles) if entry.repo]
        downloads = [fetch.plan(entry, places().models) for entry in entries]
        needed = fetch.total(downloads)
        for download in downloads:
            role, checkpoint, _, licence, commercial, *_ = _row(download.entry)
            self.stdout.write(f"{role}: {checkpoint}, {licence}; commercial use: {commercial}")
            newest = ", the newest; it is pinned from now on" if download.pins else ""
            self.stdout.write(
                f"    commit {download.entry.revision}{newest}:"
                f" {_size(download.bytes)}, {_size(download.bytes_to_fetch)} of it to fetch"
            )
        self.stdout.write(f"{_size(needed)} to fetch into {places().models}")
        if ask and needed and not _agreed():
            raise CommandError("Nothing was fetched. Answer y, or pass --yes.")
        with tqdm(total=needed, file=sys.stderr, disable=None, unit="B", unit_scale=True) as bar:
            fetch.fetch(downloads, places().models, bar.update)
        self.stdout.write(
            f"{chosen.name}: {', '.join(entry.role for entry in entries) or 'nothing'} fetched, and whole"
        )


def _row(entry: Entry) -> tuple[str, ...]:
    """Role, checkpoint, commit, licence, whether it may be used commercially, size, whether it is here."""
    licence = licence_of(entry.licence)
    allowed = (licence.limit if licence else "") or "yes"
    return (
        entry.role,
        entry.repo or str(entry.options.get("url") if entry.is_remote else entry.path),
        entry.revision[:8] or ("not pinned yet" if entry.repo else ""),
        entry.licence,
        allowed if entry.commercial else "no",
        _size(entry.size or loading.bytes_on_disk(entry)) if not entry.is_remote else "",
        "not here" if loading.missing(entry) else "here",
    )


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Each checkpoint once, under the first role that has it."""
    return list({entry.cache_key: entry for entry in reversed(list(entries))}.values())[::-1]


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _agreed() -> bool:
    try:
        return input("The licences are as above. Download? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
