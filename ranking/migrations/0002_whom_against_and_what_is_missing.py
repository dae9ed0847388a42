import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ranking", "0001_tables")]

    operations = [
        migrations.AddField("featurechunk", "missing", models.JSONField(default=dict)),
        migrations.AddField("scoredproduct", "ids", models.BigIntegerField(default=0)),
        migrations.RemoveField("scoredproduct", "newest"),
        migrations.AddField(
            "trial",
            "against",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="ranking.ranker",
            ),
        ),
    ]
