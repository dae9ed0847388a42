import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from vitrine.migrating import TablesAtOnce


class Migration(TablesAtOnce):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('catalog', '0001_initial'),
        ('generation', '0001_initial'),
        ('jobs', '0001_initial'),
        ('raters', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='FeatureChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('definition', models.CharField(max_length=64)),
                ('number', models.PositiveBigIntegerField()),
                ('stamp', models.CharField(max_length=64)),
                ('rows', models.PositiveIntegerField()),
                ('key', models.CharField(max_length=120)),
                ('missing', models.JSONField(default=dict)),
                ('made_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('definition', 'number'), name='feature_chunk_once')],
            },
        ),
        migrations.CreateModel(
            name='LabelSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('source', models.CharField(choices=[('majority', 'Vote shares'), ('dawid_skene', 'Dawid-Skene')], default='majority', max_length=11)),
                ('key', models.CharField(max_length=120)),
                ('images', models.PositiveIntegerField()),
                ('products', models.PositiveIntegerField()),
                ('passed', models.PositiveIntegerField()),
                ('weighted', models.PositiveIntegerField(default=0)),
                ('sources', models.JSONField(default=list)),
                ('left_out', models.JSONField(default=dict)),
                ('newest_verdict', models.DateTimeField(blank=True, null=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Policy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('threshold', models.FloatField(default=0.1)),
                ('top', models.PositiveSmallIntegerField(default=4)),
                ('distance', models.FloatField(default=0.02)),
                ('retrain_after', models.PositiveIntegerField(default=500)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('threshold__gte', 0), ('threshold__lte', 1)), name='policy_threshold_is_a_share'), models.CheckConstraint(condition=models.Q(('top__gt', 0)), name='policy_picks_some'), models.CheckConstraint(condition=models.Q(('distance__gte', 0), ('distance__lte', 2)), name='policy_distance_is_cosine')],
            },
        ),
        migrations.CreateModel(
            name='Ranker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('version', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('candidate', 'Candidate'), ('shadow', 'Shadow'), ('champion', 'Champion'), ('retired', 'Retired')], default='candidate', max_length=9)),
                ('learner', models.CharField(max_length=40)),
                ('config', models.JSONField(default=dict)),
                ('seed', models.PositiveIntegerField(default=0)),
                ('versions', models.JSONField(default=dict)),
                ('definition', models.CharField(max_length=64)),
                ('features', models.JSONField(default=list)),
                ('frozen_share', models.FloatField(default=0.2)),
                ('digest', models.CharField(max_length=64)),
                ('figures', models.JSONField(default=dict)),
                ('gate', models.JSONField(default=dict)),
                ('note', models.CharField(blank=True, max_length=300)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('label_set', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rankers', to='ranking.labelset')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('name', 'version'), name='ranker_unique_version'), models.UniqueConstraint(condition=models.Q(('state', 'champion')), fields=('state',), name='ranker_one_champion'), models.CheckConstraint(condition=models.Q(('state__in', ['candidate', 'shadow', 'champion', 'retired'])), name='ranker_state_is_known'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='ranker_has_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Promotion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('promotion', 'Promotion'), ('override', 'Promotion over the gate'), ('rollback', 'Rollback')], max_length=9)),
                ('state', models.CharField(choices=[('preparing', 'Preparing'), ('done', 'Done'), ('failed', 'Failed')], default='preparing', max_length=9)),
                ('gate', models.JSONField(default=dict)),
                ('reason', models.CharField(blank=True, max_length=1000)),
                ('problem', models.CharField(blank=True, max_length=1000)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('done_at', models.DateTimeField(blank=True, null=True)),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.job')),
                ('after', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='promotions', to='ranking.ranker')),
                ('before', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ranking.ranker')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'preparing')), fields=('state',), name='promotion_one_at_a_time'), models.CheckConstraint(condition=models.Q(('kind', 'override'), ('reason', ''), _negated=True), name='promotion_override_has_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='Explanation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contributions', models.JSONField(default=list)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('made_at', models.DateTimeField(auto_now=True)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='generation.candidate')),
                ('ranker', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ranking.ranker')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('ranker', 'candidate'), name='explanation_once')],
            },
        ),
        migrations.CreateModel(
            name='DriftNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('features', 'Features'), ('scores', 'Scores'), ('pass_rate', 'Pass rate of picks'), ('broken', 'It cannot score')], max_length=9)),
                ('about', models.CharField(blank=True, max_length=120)),
                ('sentence', models.CharField(max_length=500)),
                ('figures', models.JSONField(default=dict)),
                ('opened_at', models.DateTimeField(auto_now_add=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('closed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ranker', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to='ranking.ranker')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('ranker', 'kind', 'about'), name='notice_open_once')],
            },
        ),
        migrations.CreateModel(
            name='RankerFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('key', models.CharField(max_length=120)),
                ('sha256', models.CharField(max_length=64)),
                ('bytes', models.PositiveBigIntegerField()),
                ('ranker', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='ranking.ranker')),
            ],
            options={
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(fields=('ranker', 'name'), name='ranker_file_once')],
            },
        ),
        migrations.CreateModel(
            name='RatingPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('budget', models.PositiveIntegerField()),
                ('shares', models.JSONField(default=dict)),
                ('seed', models.PositiveIntegerField()),
                ('gain', models.JSONField(default=dict)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('campaign', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='rating_plan', to='raters.campaign')),
                ('made_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ranker', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='ranking.ranker')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='PlannedImage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.CharField(choices=[('top', 'It would be picked'), ('uncertain', 'The ranker is unsure'), ('random', 'By chance')], max_length=9)),
                ('inclusion', models.FloatField()),
                ('probability', models.FloatField(null=True)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='rating_plans', to='generation.candidate')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='images', to='ranking.ratingplan')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('plan', 'candidate'), name='planned_image_once'), models.CheckConstraint(condition=models.Q(('inclusion__gt', 0), ('inclusion__lte', 1)), name='planned_inclusion_is_a_share')],
            },
        ),
        migrations.CreateModel(
            name='Score',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('probability', models.FloatField()),
                ('place', models.PositiveIntegerField()),
                ('picked', models.BooleanField(default=False)),
                ('note', models.CharField(blank=True, max_length=200)),
                ('candidate', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ranker_scores', to='generation.candidate')),
                ('product', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product')),
                ('ranker', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='ranking.ranker')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['ranker', 'product', 'place'], name='score_by_place'), models.Index(fields=['product'], name='score_by_product')],
                'constraints': [models.UniqueConstraint(fields=('ranker', 'candidate'), name='score_once'), models.CheckConstraint(condition=models.Q(('probability__gte', 0), ('probability__lte', 1)), name='score_is_a_probability')],
            },
        ),
        migrations.CreateModel(
            name='ScoredProduct',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('images', models.PositiveIntegerField()),
                ('ids', models.BigIntegerField(default=0)),
                ('picked', models.PositiveIntegerField()),
                ('best', models.FloatField()),
                ('at', models.DateTimeField(auto_now=True)),
                ('policy', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ranking.policy')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='catalog.product')),
                ('ranker', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='products', to='ranking.ranker')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['ranker', 'picked', 'id'], name='scored_product_by_picks')],
                'constraints': [models.UniqueConstraint(fields=('ranker', 'product'), name='scored_product_once')],
            },
        ),
        migrations.CreateModel(
            name='Training',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wish', models.JSONField()),
                ('told', models.JSONField(default=list)),
                ('problem', models.CharField(blank=True, max_length=1000)),
                ('scheduled', models.BooleanField(default=False)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('job', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='jobs.job')),
                ('ranker', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='training', to='ranking.ranker')),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Trial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('share', models.FloatField()),
                ('seed', models.PositiveIntegerField()),
                ('begun_at', models.DateTimeField(auto_now_add=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('running', models.BooleanField(default=True)),
                ('against', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ranking.ranker')),
                ('begun_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ranker', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trials', to='ranking.ranker')),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('share__gt', 0), ('share__lte', 0.5)), name='trial_share_up_to_half'), models.UniqueConstraint(condition=models.Q(('running', True)), fields=('running',), name='trial_one_at_a_time')],
            },
        ),
    ]
