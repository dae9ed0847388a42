"""Review on a large site: how quick are its pages, a new filter, a comparison and its exports?

    python benchmarks/review_pages.py --postgres postgresql://user@host:port [--scale 1.0]

A database is made on that server and dropped at the end. At scale 1: 100,000 products, two methods, 1,000,000 images,
3,000,000 ratings of 8 answers and a ranker's 1,000,000 scores, loaded by INSERT … SELECT; then everything is counted by
`review rebuild`, as after an upgrade. Pages are asked for through Django's test client, in this process, so that times
are those of the site's code and the database alone. Memory of an export is what this process grows by while it is read
to the end.
"""

# ruff: noqa: PLC0415, S608 - Django is set up once the environment is known; statements are written here

import argparse
import logging
import math
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]

from benchmarks.rating_site import PostgresDatabase, set_up  # noqa: E402 - the path first

PRODUCTS, TYPES, IMAGES, RATERS, PEOPLE = 100_000, 100, 5, 3, 30
OPENED = 60  # times that each kind of page is opened
METHODS = ("paper-2503.08729", "dreambooth-lora")
KEYS = ("product", "logo", "use", "size", "surroundings", "placement", "safety", "business")
FILTERS = (
    "campaign=1",
    "method=paper-2503.08729+v1",
    "type=7",
    "campaign=1&type=9",
    "campaign=1&method=dreambooth-lora+v1",
)
NEW_FILTERS = ("since=2026-01-10", "until=2026-01-20", "voters=person", "product=17", "prompt=", "ranker=1&top=3",
               "ranker=sum&top=3", "since=2026-01-05&type=3", "source=bench",
               "since=2026-01-05&method=dreambooth-lora+v1&ranker=1&top=2")  # fmt: skip
PRODUCT_QUERIES = ("sort=clip_i", "sort=votes", "since=2026-01-10", "ranker=sum&top=3", "question=size&how=fails")
WALL_QUERIES = ("", "verdict=passed", "question=size&how=fails", "question=size&how=alone", "type=7&sort=clip_i",
                "campaign=1&method=dreambooth-lora+v1", "verdict=undecided")  # fmt: skip
_DAY = "timestamp with time zone '2026-01-01 08:00+00'"


def load(products: int) -> None:
    """Fill the tables that figures are counted from. Products differ, and questions fail now and then."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.4)")
        for statement in _catalogue(products) + _candidates() + _scores() + _campaigns() + _ratings():
            cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def prepare() -> None:
    """What is few, through the site's own code."""
    from generation.models import Method
    from raters.models import Rater
    from raters.services import campaigns, questions
    from tests.factories.generation import make_result
    from tests.factories.ranking import make_ranker

    make_ranker()
    for name in METHODS:
        Method.objects.get_or_create(name=name, version=1, defaults={"title": name, "recipe": {}})
    for number in range(2):
        campaigns.make_campaign(f"Campaign {number}")
    questions.freeze(questions.default_question_set())
    Rater.objects.bulk_create(Rater() for _ in range(PEOPLE))
    make_result("generate")


def _catalogue(products: int) -> list[str]:
    return [
        f"""INSERT INTO catalog_producttype (name, product_count)
            SELECT 'type ' || n, 0 FROM generate_series(1, {TYPES}) n""",
        f"""INSERT INTO catalog_product (source, external_id, title, type_id, attributes, photo_count, created_at,
                updated_at)
            SELECT 'bench', n::text, 'Product ' || n, (SELECT min(id) FROM catalog_producttype) + n % {TYPES}, '{{}}',
                0, now(), now() FROM generate_series(1, {products}) n""",
    ]


def _candidates() -> list[str]:
    return [
        f"""INSERT INTO generation_run (product_id, method_id, seed, model_set, commercial, state, tier, problem,
                candidate_count, picked_count, created_at, finished_at)
            SELECT p.id, m.id, 0, 'bench', false, 'succeeded', 0, '', {IMAGES}, 0, now(), now()
            FROM catalog_product p CROSS JOIN generation_method m WHERE m.name IN {METHODS}""",
        f"""INSERT INTO generation_candidate (run_id, tier, result_id, prompt, words, seed, key, sha256, width, height,
                dropped, clip_i, clip_t, dino_i, mask_key, mask_sha256, embeddings, score, place, picked, created_at)
            SELECT r.id, 0, (SELECT min(id) FROM generation_stageresult), 'a {{product}} in scene ' || (r.id + n) % 20,
                '', n, 'generated/' || r.id || '/' || n, md5(r.id || '-' || n), 512, 512, '', random(), random(),
                random(), '', '', '', random(), n, n = 1, now()
            FROM generation_run r CROSS JOIN generate_series(1, {IMAGES}) n""",
    ]


def _scores() -> list[str]:
    return [
        """INSERT INTO ranking_score (ranker_id, candidate_id, product_id, probability, place, picked, note)
           SELECT (SELECT min(id) FROM ranking_ranker), c.id, r.product_id, 0.5,
               row_number() OVER (PARTITION BY r.product_id ORDER BY random()), false, ''
           FROM generation_candidate c JOIN generation_run r ON r.id = c.run_id""",
    ]


def _campaigns() -> list[str]:
    """Each product is in one campaign; drawn: how many of the raters say yes to each question."""
    yes = ", ".join(
        f"(random() < t.quality)::int + (random() < t.quality)::int + (random() < t.quality)::int AS y{place}"
        for place in range(len(KEYS))
    )
    return [
        """INSERT INTO raters_subject (campaign_id, uuid, product_id, name, noun, photos)
           SELECT c.first + p.id % 2, gen_random_uuid(), p.id, p.title, '', '[]'
           FROM catalog_product p CROSS JOIN (SELECT min(id) AS first FROM raters_campaign) c""",
        f"""INSERT INTO raters_task (campaign_id, subject_id, candidate_id, name, method, prompt, picture_key, width,
                height, position, state, wanted, held, done, stamp, reports, created_at)
            SELECT s.campaign_id, s.id, c.id, '', m.name || ' v1', c.prompt, c.key, 512, 512, c.id, 'complete',
                {RATERS}, 0, {RATERS}, 0, 0, now()
            FROM generation_candidate c JOIN generation_run r ON r.id = c.run_id JOIN generation_method m ON
                m.id = r.method_id JOIN raters_subject s ON s.product_id = r.product_id""",
        f"""CREATE TEMPORARY TABLE drawn ON COMMIT DROP AS SELECT t.*, {yes} FROM (
                SELECT task.id, task.campaign_id, task.subject_id,
                    0.97 - 0.25 * power(abs(hashint8(task.subject_id) % 1000) / 1000.0, 2) AS quality
                FROM raters_task task) t""",
        "CREATE INDEX ON drawn (id)",
    ]


def _ratings() -> list[str]:
    answers = ", ".join(f"'{key}', CASE WHEN n <= y{place} THEN 'yes' WHEN (d.id + {place}) % 3 = 0 THEN 'maybe' ELSE"
                        " 'no' END" for place, key in enumerate(KEYS))  # fmt: skip
    said = ", ".join(f"""'{key}', jsonb_build_object('share', y{place} / 3.0, 'outcome', CASE WHEN y{place} >= 2 THEN
                     'passed' ELSE 'failed' END, 'counts', jsonb_build_object('yes', y{place},
                     CASE WHEN (d.id + {place}) % 3 = 0 THEN 'maybe' ELSE 'no' END, 3 - y{place}))"""
                     for place, key in enumerate(KEYS))  # fmt: skip
    passes = " AND ".join(f"y{place} >= 2" for place in range(len(KEYS)))
    outcome = f"CASE WHEN {passes} THEN 'passed' ELSE 'failed' END"
    first = "(SELECT min(id) FROM raters_rater)"
    return [
        f"""INSERT INTO raters_assignment (task_id, campaign_id, rater_id, uuid, state, leased_at, lease_until,
                ended_at, number, draft, active_ms, reason)
            SELECT d.id, d.campaign_id, {first} + (d.id * 7 + n) % {PEOPLE}, gen_random_uuid(), 'done', now(), now(),
                now(), 1, '{{}}', 9000, '' FROM drawn d CROSS JOIN generate_series(1, {RATERS}) n""",
        f"""INSERT INTO raters_rating (assignment_id, task_id, campaign_id, rater_id, request_id, answers, times,
                active_ms, accepted, gold, origin, guidelines_version, made_at, excluded)
            SELECT a.id, d.id, d.campaign_id, a.rater_id, gen_random_uuid(), jsonb_build_object({answers}), '{{}}',
                9000, false, false, 'person', 1, {_DAY} + (d.id % 30) * interval '1 day', false
            FROM drawn d JOIN (SELECT *, row_number() OVER (PARTITION BY task_id ORDER BY id) AS n FROM
                raters_assignment) a ON a.task_id = d.id""",
        f"""INSERT INTO raters_verdict (task_id, campaign_id, ratings, questions, share, by_question, by_rater,
                outcome, final, early, updated_at)
            SELECT d.id, d.campaign_id, {RATERS}, jsonb_build_object({said}), 0.5, {outcome}, {outcome}, {outcome},
                true, false, now() FROM drawn d""",
    ]


def timed(work: Callable[[], Any], times: int) -> tuple[float, float]:
    """(median, 95th percentile by nearest rank: the worst of fewer than 20) in milliseconds."""
    found = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - began))
    found.sort()
    return statistics.median(found), found[math.ceil(0.95 * len(found)) - 1]


def pages() -> None:
    """The overview by filters whose sums are kept, and by filters that are scanned for."""
    from review.models import Name

    client = signed_in()
    prompt = Name.objects.filter(kind="prompt").values_list("digest", flat=True)[0][:12]
    first, _ = timed(lambda: opened(client, ""), 1)
    print(f"\nfirst page after counting, in the same process: {first:,.0f} ms")
    print(f"\n{'overview':<46}{'median ms':>10}{'p95 ms':>10}")
    for query in ("", *FILTERS):
        told(query or "everything", *timed(lambda query=query: opened(client, query), OPENED))  # type: ignore[misc]
    print(f"\n{'a filter that is scanned for':<46}{'first ms':>10}{'worst of 3':>10}")
    for query in NEW_FILTERS:
        whole = query.replace("prompt=", f"prompt={prompt}")
        first, _ = timed(lambda whole=whole: opened(client, whole), 1)  # type: ignore[misc]
        told(whole, first, max(first, timed(lambda whole=whole: opened(client, whole), 2)[1]))  # type: ignore[misc]


def products() -> None:
    """Pages of so many products each, and walls over everything, by what they are asked for."""
    from catalog.models import Product

    client = signed_in()
    wanted = OPENED * (len(PRODUCT_QUERIES) + 1)
    pks = iter(list(Product.objects.order_by("pk").values_list("pk", flat=True)[:wanted]))
    print(f"\n{'product page':<46}{'median ms':>10}{'p95 ms':>10}")
    for query in ("", *PRODUCT_QUERIES):
        found = timed(lambda query=query: opened(client, query, f"products/{next(pks)}/"), OPENED)  # type: ignore[misc]
        told(query or "all its images", *found)
    print(f"\n{'wall over everything':<46}{'median ms':>10}{'p95 ms':>10}")
    for query in WALL_QUERIES:
        told(query or "all images", *timed(lambda query=query: opened(client, query, "images/"), 10))  # type: ignore[misc]


def comparison() -> None:
    """Two methods, 2,000 draws: per image, per product, each question, each type."""
    from review import comparing
    from review.filters import Filters

    methods = [f"{name} v1" for name in METHODS]
    comparing.compare(Filters(campaign=1, type=3), methods, draws=10)  # scipy is loaded once in a worker
    middle, worst = timed(lambda: comparing.compare(Filters(), methods), 3)
    print(f"\ncompare two methods, 2,000 draws: median {middle:,.0f} ms, worst of 3 {worst:,.0f} ms")


def export() -> None:
    """All images as CSV, read to the end and thrown away."""
    client = signed_in()
    before, began, size, lines = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), 0, 0
    for part in client.get("/review/images.csv").streaming_content:
        size += len(part)
        lines += part.count(b"\n")
    seconds = time.perf_counter() - began
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"export: {lines - 1:,} rows, {size / 1e6:,.0f} MB, {(lines - 1) / seconds:,.0f} rows/s, +{grown:,.0f} MiB")


def counting() -> None:
    """What a changed verdict costs, once all are counted."""
    from raters.models import Verdict
    from review.counting import folding, waiting

    failed = Verdict.objects.filter(outcome="failed").order_by("-task").values_list("task", flat=True)
    tasks = list(failed[:200])
    Verdict.objects.filter(task__in=tasks).update(outcome="passed")
    waiting.note(tasks)
    began = time.perf_counter()
    folding.count_all_waiting()
    print(f"counting 200 changed verdicts: {1000 * (time.perf_counter() - began) / 200:.2f} ms each")


def signed_in() -> Any:
    from django.test import Client

    from tests.factories.accounts import make_user
    from vitrine.access import Role

    client = Client()
    client.force_login(make_user(Role.ANALYST), backend="django.contrib.auth.backends.ModelBackend")
    return client


def opened(client: Any, query: str, page: str = "") -> None:
    response = client.get(f"/review/{page}?{query}")
    if response.status_code != 200:
        raise SystemExit(f"/review/{page}?{query} answered {response.status_code}: {response.content[:500]!r}")


def told(name: str, first: float, second: float) -> None:
    print(f"{name:<46}{first:>10,.0f}{second:>10,.0f}", flush=True)


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reading.add_argument("--postgres", required=True, help="postgresql://user@host:port")
    reading.add_argument("--scale", type=float, default=1.0)
    asked = reading.parse_args()
    with tempfile.TemporaryDirectory() as folder, PostgresDatabase(asked.postgres) as url:
        set_up(Path(folder), url)
        from django.conf import settings
        from django.db import connection

        from review.counting import rebuilding

        logging.disable(logging.INFO)
        settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
        prepare()
        for name, work in (("load", lambda: load(int(PRODUCTS * asked.scale))), ("rebuild", rebuilding.rebuild)):
            began = time.perf_counter()
            work()
            print(f"{name}: {time.perf_counter() - began:,.0f} s", flush=True)
        for part in (pages, products, comparison, export, counting):
            part()
        began = time.perf_counter()
        print(f"check: {len(rebuilding.differences())} differences, {time.perf_counter() - began:,.0f} s")
        connection.close()


if __name__ == "__main__":
    main()
