from django.db import migrations, models
from django.db.models import F

READY = models.Q(("paused", False), ("state", "queued"), ("waiting_on", 0))
QUEUES = [("cpu", "CPU"), ("gpu", "GPU"), ("live", "Live")]


def fill_asker(apps, schema_editor):
    apps.get_model("jobs", "Job").objects.filter(asked_by__isnull=False).update(asker=F("asked_by_id"))


class Migration(migrations.Migration):
    """What a claim chooses by: affinity, turns, pauses; and the seconds of an attempt."""

    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.AddField("job", "affinity", models.CharField(blank=True, default="", max_length=100)),
        migrations.AddField("job", "asker", models.PositiveBigIntegerField(default=0)),
        migrations.AddField("job", "paused", models.BooleanField(default=False)),
        migrations.AlterField("job", "queue", models.CharField(choices=QUEUES, default="cpu", max_length=8)),
        migrations.AddField("attempt", "seconds", models.FloatField(blank=True, null=True)),
        migrations.CreateModel(
            name="Turn",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("queue", models.CharField(choices=QUEUES, max_length=8)),
                ("asker", models.PositiveBigIntegerField()),
                ("served_at", models.DateTimeField()),
            ],
        ),
        migrations.AddConstraint(
            "turn", models.UniqueConstraint(fields=("queue", "asker"), name="turn_once")
        ),
        migrations.RunPython(fill_asker, migrations.RunPython.noop),
        migrations.RemoveIndex("job", "job_ready"),
        migrations.AddIndex(
            "job", models.Index(condition=READY, fields=["queue", "-priority", "asker", "id"], name="job_ready")
        ),
        migrations.AddIndex(
            "job",
            models.Index(condition=READY, fields=["queue", "-priority", "affinity", "asker", "id"], name="job_warm"),
        ),
    ]
