"""Images packed in blocks, which the next `review rebuild` (each night) makes; and places by the sum, at once."""

from django.db import migrations, models

# As `ranking.selectors.by_the_sum.placed` orders them, up to `review.picks.MOST`.
PLACES = """
    UPDATE review_judgedimage SET place_by_sum = placed.place
    FROM (
        SELECT candidate.id, ROW_NUMBER() OVER (
            PARTITION BY run.product_id ORDER BY candidate.score DESC NULLS LAST, candidate.place, candidate.id
        ) AS place
        FROM generation_candidate candidate JOIN generation_run run ON run.id = candidate.run_id
        WHERE candidate.dropped = '' AND candidate.place IS NOT NULL
    ) AS placed
    WHERE placed.id = review_judgedimage.candidate AND placed.place <= 100"""


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0001_tables'),
        ('generation', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Block',
            fields=[
                ('number', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('data', models.BinaryField()),
            ],
        ),
        migrations.AddField(
            model_name='counter',
            name='packed',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='judgedimage',
            name='place_by_sum',
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.RunSQL(PLACES, migrations.RunSQL.noop),
    ]
