"""Scores of a ranker for whole products: probabilities, places and picks, written for each product at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from django.db.models import Count, Sum
from numpy.typing import NDArray

from ranking.evaluation.picking import Picked, Wish, pick
from ranking.exceptions import Damaged
from ranking.learning.base import Ranker as Fitted
from ranking.learning.exceptions import WrongTable
from ranking.learning.table import EMBEDDING, FeatureTable
from ranking.learning.threads import alone, one_thread
from ranking.models import DriftNotice, Explanation, Policy, Ranker, Score, ScoredProduct
from ranking.running import defining, features, files
from ranking.services import notices
from ranking.services import policy as policies

BATCH = 1_000
THREADS = 2  # that compute; numpy and LightGBM let go of the interpreter
Progress = Callable[[int, int, str], None]


def stale(ranker: Ranker, policy: Policy) -> list[int]:
    """Products whose scores by this ranker are missing, or are of other images or under another policy."""
    there = defining.measured().order_by().values("run__product")
    names = ("product", "images", "ids", "policy")
    known = {product: seen for product, *seen in ScoredProduct.objects.filter(ranker=ranker).values_list(*names)}
    counted = there.annotate(images=Count("pk"), ids=Sum("pk")).values_list("run__product", "images", "ids")
    now = {product: [images, ids, policy.pk] for product, images, ids in counted.iterator()}
    gone = sorted(set(known) - set(now))  # all their images were taken away
    for start in range(0, len(gone), BATCH):
        ScoredProduct.objects.filter(ranker=ranker, product__in=gone[start : start + BATCH]).delete()
    return sorted(product for product, seen in now.items() if known.get(product) != seen)


def score_stale(ranker: Ranker, progress: Progress = lambda *_: None) -> int:
    """Bring a ranker's scores up to date; returns how many products were scored.

    Raises Damaged, and opens a notice: until that is closed, nobody asks for its scores by themselves.
    """
    policy = policies.settled()
    products = stale(ranker, policy)
    try:
        return score(ranker, products, policy, progress) if products else 0
    except Damaged as error:
        notices.open_notice(ranker, DriftNotice.Kind.BROKEN, "", f"It cannot score: {error}", {})
        raise


def score(
    ranker: Ranker, products: Iterable[int], policy: Policy | None = None, progress: Progress = lambda *_: None
) -> int:
    """Score all images of these products; a product's scores change at once. Raises Damaged."""
    policy = policy or policies.settled()
    done = 0
    for table, chances in said(ranker, products, lambda at, of, _: progress(at, of, "chunks of products scored")):
        done += _keep(ranker, policy, table, chances)
    return done


def said(
    ranker: Ranker, products: Iterable[int], progress: Progress = lambda *_: None
) -> Iterator[tuple[FeatureTable, NDArray[np.float64]]]:
    """Chunk by chunk the stored features of these products with what a ranker says of each image. Raises Damaged.

    What comes next is read while others are computed on, by threads that touch no database.
    """
    fitted = files.fitted(ranker)
    tables = features.tables(defining.definition_of(ranker), products, progress)
    waiting: deque[tuple[FeatureTable, Future[NDArray[np.float64]]]] = deque()
    # One thread of linear algebra from beginning to end: each prediction asks for that, and gives back what it found.
    with one_thread(), ThreadPoolExecutor(THREADS, initializer=alone) as pool:
        for table in tables:
            if len(table):
                waiting.append((table, pool.submit(probabilities, ranker, fitted, table)))
            if len(waiting) > THREADS:
                read, found = waiting.popleft()
                yield read, found.result()
        for read, found in waiting:
            yield read, found.result()


def probabilities(ranker: Ranker, fitted: Fitted, table: FeatureTable) -> NDArray[np.float64]:
    """What a ranker says of a table. Raises Damaged where it does not fit: it is of another version of the code."""
    try:
        return np.clip(fitted.predict(table), 0.0, 1.0)
    except WrongTable as error:
        raise Damaged(f"{ranker} cannot score these features: {error} Train it again.") from error


def embeddings(table: FeatureTable) -> NDArray[np.float32] | None:
    """(n, d): what says how alike two images are; DINO's before CLIP's. None where the table has none."""
    names = [block.name for block in table.definition.blocks if block.name.startswith(EMBEDDING)]
    own = [name for name in names if name.endswith(".candidate")]
    own.sort(key=lambda name: not name.startswith(f"{EMBEDDING}dino"))
    return np.asarray(table.parts[own[0]]) if own else None


@dataclass(frozen=True)
class _Product:
    """One product's rows, best first, with what is made of them."""

    pk: int
    order: NDArray[np.intp]
    picked: Picked


def _keep(ranker: Ranker, policy: Policy, table: FeatureTable, chances: NDArray[np.float64]) -> int:
    """Pick, and write a chunk's scores; returns how many products it has."""
    like = embeddings(table)
    wish = Wish(policy.top, policy.threshold, policy.distance)
    ready = []
    for product in np.unique(table.products):
        rows = np.flatnonzero(table.products == product)
        # Equal probabilities keep the order in which the images were made.
        order = rows[np.lexsort((table.candidates[rows], -chances[rows]))]
        picked = pick(table.candidates[order], chances[order], wish, None if like is None else like[order])
        ready.append(_Product(int(product), order, picked))
    _write(ranker, policy, table, chances, ready)
    return len(ready)


def _note(picked: Picked, candidate: int) -> str:
    near = picked.alike.get(candidate)
    return f"nearly the same as #{near}, which is better" if near else ""


def _write(
    ranker: Ranker, policy: Policy, table: FeatureTable, chances: NDArray[np.float64], ready: Sequence[_Product]
) -> None:
    ids = [one.pk for one in ready]
    rows = [
        Score(
            ranker=ranker,
            candidate_id=int(table.candidates[row]),
            product_id=one.pk,
            probability=float(chances[row]),
            place=place + 1,
            picked=int(table.candidates[row]) in one.picked.picks,
            note=_note(one.picked, int(table.candidates[row])),
        )
        for one in ready
        for place, row in enumerate(one.order)
    ]
    totals = [
        ScoredProduct(
            ranker=ranker,
            product_id=one.pk,
            policy=policy,
            images=len(one.order),
            ids=int(table.candidates[one.order].sum()),
            picked=len(one.picked.picks),
            best=float(chances[one.order[0]]),
        )
        for one in ready
    ]
    with transaction.atomic():
        # One worker at a time for each ranker: two that score the same product would both insert.
        Ranker.objects.select_for_update(of=("self",), no_key=True).get(pk=ranker.pk)
        Score.objects.filter(ranker=ranker, product__in=ids).delete()
        ScoredProduct.objects.filter(ranker=ranker, product__in=ids).delete()
        Explanation.objects.filter(ranker=ranker, candidate__run__product__in=ids).delete()
        Score.objects.bulk_create(rows, batch_size=BATCH)
        ScoredProduct.objects.bulk_create(totals, batch_size=BATCH)
