"""What changes the tables of ranking. Each refusal is an exception of `ranking.exceptions` with one plain sentence.

`training` asks for trainings; `registry` moves rankers: promotion, rollback, shadows; `policy` says how picks follow
from scores; `trials` gives a share of products another ranker's picks; `scoring` asks for scores; `plans` makes
campaigns of what is to be rated next; `notices` closes notices. What computes is in `ranking.running`.
"""
