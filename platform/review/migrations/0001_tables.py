import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from vitrine.migrating import TablesAtOnce


class Migration(TablesAtOnce):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('generation', '0001_initial'),
        ('raters', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Counter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('counted_at', models.DateTimeField(blank=True, null=True)),
                ('rebuilt_at', models.DateTimeField(blank=True, null=True)),
                ('building', models.CharField(blank=True, max_length=32)),
                ('alive_at', models.DateTimeField(blank=True, null=True)),
                ('reached', models.PositiveBigIntegerField(default=0)),
                ('partial', models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=80, unique=True)),
                ('product', models.PositiveBigIntegerField(blank=True, db_index=True, null=True)),
                ('name', models.CharField(max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='Move',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sums', models.JSONField()),
            ],
        ),
        migrations.CreateModel(
            name='Waiting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('task', models.PositiveBigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Comparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('query', models.CharField(blank=True, max_length=1000)),
                ('methods', models.JSONField()),
                ('result', models.JSONField(blank=True, null=True)),
                ('moved', models.JSONField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('computed_at', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='JudgedImage',
            fields=[
                ('task', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='raters.task')),
                ('campaign', models.PositiveBigIntegerField()),
                ('question_set', models.PositiveBigIntegerField()),
                ('questions', models.PositiveSmallIntegerField()),
                ('item', models.PositiveBigIntegerField()),
                ('candidate', models.PositiveBigIntegerField(blank=True, null=True)),
                ('type', models.BigIntegerField()),
                ('method', models.PositiveBigIntegerField()),
                ('prompt', models.PositiveBigIntegerField()),
                ('voters', models.CharField(choices=[('person', 'People here'), ('import', 'Imported raters'), ('simulation', 'A simulated crowd'), ('mixed', 'Raters of several kinds')], max_length=10)),
                ('day', models.DateField()),
                ('verdict', models.SmallIntegerField(choices=[(0, 'Failed'), (1, 'Passed'), (-1, 'Undecided')])),
                ('ratings', models.PositiveSmallIntegerField()),
                ('active_ms', models.PositiveBigIntegerField()),
                ('passes', models.BigIntegerField()),
                ('fails', models.BigIntegerField()),
                ('alone', models.SmallIntegerField(blank=True, null=True)),
                ('yes', models.BigIntegerField(blank=True, null=True)),
                ('maybe', models.BigIntegerField(blank=True, null=True)),
                ('no', models.BigIntegerField(blank=True, null=True)),
                ('unclear', models.BigIntegerField(blank=True, null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['campaign', 'task'], name='judged_by_campaign'), models.Index(fields=['item', 'task'], name='judged_by_item'), models.Index(fields=['type', 'task'], name='judged_by_type'), models.Index(fields=['method', 'task'], name='judged_by_method'), models.Index(condition=models.Q(('alone__isnull', False)), fields=['alone', 'task'], name='judged_by_alone'), models.Index(fields=['prompt'], name='judged_by_prompt'), models.Index(fields=['day'], name='judged_by_day'), models.Index(fields=['candidate'], name='judged_by_candidate')],
                'constraints': [models.CheckConstraint(condition=models.Q(('verdict__in', [0, 1, -1])), name='judged_verdict_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Name',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('method', 'Method'), ('prompt', 'Prompt')], max_length=6)),
                ('digest', models.CharField(max_length=64)),
                ('text', models.TextField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'digest'), name='name_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['method', 'prompt'])), name='name_kind_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200)),
                ('query', models.CharField(blank=True, max_length=1000)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('made_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('size', models.PositiveIntegerField(default=0)),
                ('pdf_sha256', models.CharField(blank=True, max_length=64)),
                ('pdf_size', models.PositiveIntegerField(default=0)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('comparison', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='review.comparison')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='SavedView',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('path', models.CharField(max_length=300)),
                ('query', models.CharField(blank=True, max_length=2000)),
                ('shared', models.BooleanField(default=False)),
                ('saved_at', models.DateTimeField(auto_now_add=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('owner', 'name'), name='saved_view_name_once_an_owner'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='saved_view_has_a_name')],
            },
        ),
        migrations.CreateModel(
            name='FirstView',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('view', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='review.savedview')),
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
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('campaign', models.PositiveBigIntegerField()),
                ('method', models.PositiveBigIntegerField()),
                ('type', models.BigIntegerField()),
                ('question_set', models.PositiveBigIntegerField()),
                ('question', models.SmallIntegerField()),
                ('products', models.BigIntegerField(default=0)),
                ('images', models.BigIntegerField(default=0)),
                ('passed', models.BigIntegerField(default=0)),
                ('images_squared', models.BigIntegerField(default=0)),
                ('passed_squared', models.BigIntegerField(default=0)),
                ('images_passed', models.BigIntegerField(default=0)),
                ('with_1', models.BigIntegerField(default=0)),
                ('with_2', models.BigIntegerField(default=0)),
                ('with_3', models.BigIntegerField(default=0)),
                ('with_4', models.BigIntegerField(default=0)),
                ('with_5', models.BigIntegerField(default=0)),
                ('undecided', models.BigIntegerField(default=0)),
                ('ratings', models.BigIntegerField(default=0)),
                ('active_ms', models.BigIntegerField(default=0)),
                ('alone', models.BigIntegerField(default=0)),
                ('yes', models.BigIntegerField(default=0)),
                ('maybe', models.BigIntegerField(default=0)),
                ('no', models.BigIntegerField(default=0)),
                ('unclear', models.BigIntegerField(default=0)),
            ],
            options={
                'verbose_name_plural': 'tallies',
                'constraints': [models.UniqueConstraint(fields=('campaign', 'method', 'type', 'question_set', 'question'), name='tally_once')],
            },
        ),
        migrations.CreateModel(
            name='Mark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('candidate', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='generation.candidate')),
                ('task', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='raters.task')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('candidate__isnull', True), ('task__isnull', False)), models.Q(('candidate__isnull', False), ('task__isnull', True)), _connector='OR'), name='mark_is_of_one_image')],
            },
        ),
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField()),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(blank=True, null=True)),
                ('removed_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('candidate', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='generation.candidate')),
                ('item', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='review.item')),
                ('task', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='raters.task')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='note_says_something'), models.CheckConstraint(condition=models.Q(models.Q(('candidate__isnull', True), ('item__isnull', False), ('task__isnull', True)), models.Q(('candidate__isnull', False), ('item__isnull', True), ('task__isnull', True)), models.Q(('candidate__isnull', True), ('item__isnull', True), ('task__isnull', False)), _connector='OR'), name='note_is_about_one_thing')],
            },
        ),
    ]
