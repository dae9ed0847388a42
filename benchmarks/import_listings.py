"""Import generated ABO-like listings, metadata only: rows per second and peak memory, first time and again.

    python benchmarks/import_listings.py --rows 50000 150000
    DATABASE_URL=postgresql://user@host/name python benchmarks/import_listings.py

Each size is imported into a fresh database of its own, in a process of its own (peak memory is a process's). On
PostgreSQL a database `<name>_bench` is made and dropped. The target: 3,000 rows/s and under 400 MB, the same at both.
"""

import argparse
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("en_US", "en_GB", "en_IN", "en_AE", "de_DE", "es_MX", "zh_CN", "ja_JP", "fr_FR", "nl_NL")
DOMAINS = ("amazon.com", "amazon.co.uk", "amazon.in", "amazon.ae", "amazon.de", "amazon.com.mx")
NOUNS = ("CELLULAR_PHONE_CASE", "SHOES", "GROCERY", "CHAIR", "SOFA", "RUG", "LAMP", "TABLE", "BOOT", "CAKE", "MUG")
WORDS = (
    "modern",
    "wool",
    "area rug",
    "blue",
    "grey",
    "brown leather",
    "case",
    "slim fit",
    "print",
    "oak",
    "soft organic",
)


def listing(number: int, rng: random.Random) -> dict[str, object]:
    """One listing in ABO's shape, with its traps: languages in any order, missing fields, an item in two markets."""

    def text(low: int, high: int) -> str:
        return " ".join(rng.choices(WORDS, k=rng.randint(low, high)))

    def told(low: int, high: int, languages: list[str]) -> list[dict[str, str]]:
        return [{"language_tag": tag, "value": text(low, high)} for tag in languages]

    languages = rng.sample(LANGUAGES, rng.randint(1, 4))
    domain = rng.choice(DOMAINS)
    # Every seventh item is sold in a second market under the same id: only the pair is unique.
    item = f"B0{number - 1 if number % 7 == 0 else number:08d}"
    made: dict[str, object] = {
        "item_id": item,
        "domain_name": f"{number % 7}.{domain}",
        "marketplace": "Amazon",
        "country": domain[-2:].upper(),
        "item_name": told(6, 18, languages),
        "product_type": [{"value": f"{rng.choice(NOUNS)}{'' if rng.random() < 0.5 else f'_{rng.randint(1, 38)}'}"}],
        "bullet_point": [entry for _ in range(5) for entry in told(10, 30, languages)],
        "item_keywords": [entry for _ in range(8) for entry in told(1, 3, languages[:2])],
        "model_number": [{"value": f"M{number}"}],
        "other_image_id": [f"{rng.getrandbits(40):x}+L" for _ in range(rng.randint(0, 6))],
    }
    if rng.random() < 0.95:
        made["main_image_id"] = f"{rng.getrandbits(40):x}-L"
    if rng.random() < 0.9:
        made["brand"] = told(1, 2, languages)
    if rng.random() < 0.8:
        made["color"] = told(1, 3, languages)
        made["node"] = [{"node_id": number, "node_name": "/Categories/" + text(2, 4)}]
    if rng.random() < 0.5:
        side = {"unit": "inches", "value": 2.5}
        made["item_dimensions"] = dict.fromkeys(("height", "length", "width"), side | {"normalized_value": side})
    return made


def generate(folder: Path, rows: int) -> None:
    """Write `rows` listings into 16 gzipped files, with one broken line in 5,000."""
    rng = random.Random(20)  # noqa: S311 - the same listings every time
    for part in range(16):
        with gzip.open(folder / f"listings_{part:x}.json.gz", "wt", compresslevel=3, encoding="utf-8") as file:
            for number in range(part, rows, 16):
                line = json.dumps(listing(number, rng), ensure_ascii=False)
                file.write((line[:40] if number % 5000 == 4999 else line) + "\n")


def measure(folder: str) -> None:
    """In a child process: import twice, print a JSON line of figures."""
    sys.path[:0] = [str(ROOT / "platform"), str(ROOT)]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vitrine.settings")
    import django  # noqa: PLC0415 - only the child sets Django up

    django.setup()
    from catalog.importing import runner  # noqa: PLC0415
    from catalog.services.imports import make_import  # noqa: PLC0415

    figures = []
    for _ in range(2):
        run = make_import(layout="abo", origin=folder, photos=False)
        started, busy = time.perf_counter(), time.process_time()
        runner.run(run)
        seconds, cpu = time.perf_counter() - started, time.process_time() - busy
        figures.append({"seconds": seconds, "cpu": cpu, "rows": run.rows_read, "refused": run.refused})
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"runs": figures, "peak": peak}))


def one_size(rows: int) -> tuple[str, ...]:
    """Import `rows` listings into a fresh database; returns the cells of a table row."""
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        listings = Path(folder) / "listings"
        listings.mkdir()
        generate(listings, rows)
        environment = os.environ | {"VITRINE_DATA_DIR": folder, "VITRINE_LOG_LEVEL": "WARNING"}
        with _fresh_database(environment):
            subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
            child = [sys.executable, __file__, "--measure", str(listings)]
            said = subprocess.run(child, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    figures = json.loads(said.splitlines()[-1])
    first, again = figures["runs"]
    rates = [f"{run['rows'] / run['seconds']:,.0f}" for run in (first, again)]
    # Per second of this process's own processor time: what is left to compare when the machine has other work.
    rates.append(f"{first['rows'] / first['cpu']:,.0f}")
    return f"{rows:,}", *rates, f"{figures['peak']:,.0f}", f"{first['refused']:,}"


class _fresh_database:  # noqa: N801 - reads as a verb
    """On PostgreSQL, a database for the time of the block; SQLite's lies in the data folder anyway."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._url = environment.get("DATABASE_URL", "")
        self._environment = environment

    def __enter__(self) -> None:
        if self._url.startswith("postgres"):
            name = urlsplit(self._url).path.strip("/")
            self._run(f'DROP DATABASE IF EXISTS "{name}_bench"', f'CREATE DATABASE "{name}_bench"')
            self._environment["DATABASE_URL"] = f"{self._url}_bench"

    def __exit__(self, *_: object) -> None:
        if self._url.startswith("postgres"):
            name = urlsplit(self._url).path.strip("/")
            self._run(f'DROP DATABASE "{name}_bench"')

    def _run(self, *statements: str) -> None:
        import psycopg  # noqa: PLC0415

        with psycopg.connect(self._url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[50_000, 150_000])
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure)
        return
    database = "PostgreSQL" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "SQLite"
    print(f"{database}, {os.cpu_count()} cores (load {os.getloadavg()[0]:.1f})")
    print(f"{'rows':>9} {'rows/s':>9} {'again/s':>9} {'rows/cpu':>9} {'peak MB':>9} {'refused':>9}")
    for rows in options.rows:
        print(" ".join(f"{cell:>9}" for cell in one_size(rows)), flush=True)


if __name__ == "__main__":
    main()
