import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('review', '0004_views_and_reports'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Move',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sums', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='Study',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('metrics', 'Metrics'), ('plan', 'Plan')], max_length=7)),
                ('query', models.CharField(blank=True, max_length=1000)),
                ('digest', models.CharField(max_length=64)),
                ('result', models.JSONField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('computed_at', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'studies',
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['kind', 'digest', 'id'], name='study_by_query')],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['metrics', 'plan'])), name='study_kind_is_known')],
            },
        ),
        migrations.AddField(
            model_name='counter',
            name='building',
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name='counter',
            name='alive_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='counter',
            name='reached',
            field=models.PositiveBigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='counter',
            name='partial',
            field=models.BooleanField(default=False),
        ),
    ]
