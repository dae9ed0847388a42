"""The box around a mask that was brought along, for which nobody clicked."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("generation", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="photomask",
            name="box",
            field=models.JSONField(blank=True, null=True),
        ),
    ]
