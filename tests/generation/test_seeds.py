"""Seeds: by run, stage and item, in torch's range, the same on every machine."""

from generation.seeds import seed_for


def test_a_seed_is_what_it_always_was() -> None:
    assert seed_for(7, "generate", "photo 1") == 1778789653


def test_run_stage_and_item_each_change_it() -> None:
    seeds = {seed_for(run, stage, item) for run in (1, 2) for stage in "ab" for item in "xy"}
    assert len(seeds) == 8
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_names_do_not_run_into_each_other() -> None:
    assert seed_for(1, "a", "b c") != seed_for(1, "a b", "c")
