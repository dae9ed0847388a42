"""PostgreSQL's index over products learns the beginnings of words (see catalog.search_index).

A new database has them from 0002 on; one that was made before gets its index again, at about 15,000 products a second.
"""

from django.db import migrations

from catalog import search_index


def install(apps, schema_editor):
    search_index.install_beginnings(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0002_search")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
