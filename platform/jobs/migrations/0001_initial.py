import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from vitrine.migrating import TablesAtOnce


class Migration(TablesAtOnce):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=80)),
                ('params', models.JSONField(blank=True, default=dict)),
                ('key', models.CharField(blank=True, max_length=200, null=True, unique=True)),
                ('subject', models.CharField(blank=True, max_length=200)),
                ('queue', models.CharField(choices=[('cpu', 'CPU'), ('gpu', 'GPU'), ('live', 'Live')], default='cpu', max_length=8)),
                ('priority', models.SmallIntegerField(default=0)),
                ('affinity', models.CharField(blank=True, default='', max_length=100)),
                ('asker', models.PositiveBigIntegerField(default=0)),
                ('paused', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('waiting_on', models.PositiveIntegerField(default=0)),
                ('run_after', models.DateTimeField(blank=True, null=True)),
                ('dispatched_at', models.DateTimeField(blank=True, null=True)),
                ('fence', models.PositiveIntegerField(default=0)),
                ('worker', models.CharField(blank=True, max_length=200)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('heartbeat_at', models.DateTimeField(blank=True, null=True)),
                ('cancel_requested', models.BooleanField(default=False)),
                ('strikes', models.PositiveSmallIntegerField(default=0)),
                ('halvings', models.PositiveSmallIntegerField(default=0)),
                ('progress_done', models.PositiveBigIntegerField(default=0)),
                ('progress_total', models.PositiveBigIntegerField(blank=True, null=True)),
                ('message', models.CharField(blank=True, max_length=300)),
                ('result', models.JSONField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=1000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('started_at', models.DateTimeField(blank=True, null=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(condition=models.Q(('paused', False), ('state', 'queued'), ('waiting_on', 0)), fields=['queue', '-priority', 'asker', 'id'], name='job_ready'), models.Index(condition=models.Q(('paused', False), ('state', 'queued'), ('waiting_on', 0)), fields=['queue', '-priority', 'affinity', 'asker', 'id'], name='job_warm'), models.Index(condition=models.Q(('state', 'running')), fields=['lease_until'], name='job_leases'), models.Index(fields=['state', '-id'], name='job_by_state'), models.Index(fields=['kind', '-id'], name='job_by_kind')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'succeeded', 'failed', 'cancelled'])), name='job_state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'running'), _negated=True), ('lease_until__isnull', False), _connector='OR'), name='job_running_has_a_lease'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ('succeeded', 'failed', 'cancelled'))), models.Q(models.Q(('state__in', ('succeeded', 'failed', 'cancelled')), _negated=True), ('finished_at__isnull', True)), _connector='OR'), name='job_finished_has_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Dependency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='needs_links', to='jobs.job')),
                ('needs', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='needed_by_links', to='jobs.job')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('job', 'needs'), name='dependency_once'), models.CheckConstraint(condition=models.Q(('job', models.F('needs')), _negated=True), name='dependency_not_on_itself')],
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('worker', models.CharField(max_length=200)),
                ('outcome', models.CharField(choices=[('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled'), ('lost', 'Lost'), ('out_of_memory', 'Out Of Memory'), ('retried', 'Retried'), ('given_back', 'Given Back')], default='running', max_length=13)),
                ('started_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('seconds', models.FloatField(blank=True, null=True)),
                ('exception', models.CharField(blank=True, max_length=200)),
                ('traceback', models.TextField(blank=True)),
                ('log_tail', models.TextField(blank=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attempts', to='jobs.job')),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('job', 'number'), name='attempt_once')],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('result', models.JSONField(blank=True, null=True)),
                ('fence', models.PositiveIntegerField()),
                ('finished_at', models.DateTimeField(auto_now_add=True)),
                ('job', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='jobs.job')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('job', 'name'), name='step_once')],
            },
        ),
        migrations.CreateModel(
            name='Turn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('queue', models.CharField(choices=[('cpu', 'CPU'), ('gpu', 'GPU'), ('live', 'Live')], max_length=8)),
                ('asker', models.PositiveBigIntegerField()),
                ('served_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('queue', 'asker'), name='turn_once')],
            },
        ),
    ]
