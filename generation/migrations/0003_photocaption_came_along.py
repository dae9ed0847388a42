from typing import Any

from django.db import migrations, models


def mark_those_of_samples(apps: Any, _schema_editor: Any) -> None:
    """Captions of sample photos in nobody's name came along; any other in nobody's name is a deleted person's."""
    captions = apps.get_model("generation", "PhotoCaption").objects
    captions.filter(made_by=None, photo__product__source="samples").update(came_along=True)


class Migration(migrations.Migration):
    dependencies = [("generation", "0002_photomask_box")]

    operations = [
        migrations.AddField(
            model_name="photocaption",
            name="came_along",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(mark_those_of_samples, migrations.RunPython.noop),
    ]
