from django.db import migrations


def against_the_champion(apps, _):
    """Trials that run were begun against whoever decides now, as far as anybody can tell."""
    champion = apps.get_model("ranking", "Ranker").objects.filter(state="champion").first()
    if champion is not None:
        apps.get_model("ranking", "Trial").objects.filter(running=True).update(against=champion)


class Migration(migrations.Migration):
    dependencies = [("ranking", "0002_whom_against_and_what_is_missing")]

    operations = [migrations.RunPython(against_the_champion, migrations.RunPython.noop, elidable=True)]
