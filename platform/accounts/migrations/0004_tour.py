"""Where a person is in the tour of the demonstration."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_api_tokens")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="tour",
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
