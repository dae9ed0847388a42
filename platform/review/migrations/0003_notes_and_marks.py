import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('generation', '0004_negatives_shared_one_by_one'),
        ('raters', '0003_imports_and_pings'),
        ('review', '0002_comparison'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='note_says_something'),
                    models.CheckConstraint(condition=models.Q(models.Q(('candidate__isnull', True), ('item__isnull', False), ('task__isnull', True)), models.Q(('candidate__isnull', False), ('item__isnull', True), ('task__isnull', True)), models.Q(('candidate__isnull', True), ('item__isnull', True), ('task__isnull', False)), _connector='OR'), name='note_is_about_one_thing'),
                ],
            },
        ),
        # Walls are read by item, type or method, newest first; and the images that one question alone decided are few.
        migrations.RemoveIndex(model_name='judgedimage', name='judged_by_item'),
        migrations.AddIndex(
            model_name='judgedimage',
            index=models.Index(fields=['item', 'task'], name='judged_by_item'),
        ),
        migrations.AddIndex(
            model_name='judgedimage',
            index=models.Index(fields=['type', 'task'], name='judged_by_type'),
        ),
        migrations.AddIndex(
            model_name='judgedimage',
            index=models.Index(fields=['method', 'task'], name='judged_by_method'),
        ),
        migrations.AddIndex(
            model_name='judgedimage',
            index=models.Index(condition=models.Q(('alone__isnull', False)), fields=['alone', 'task'], name='judged_by_alone'),
        ),
    ]
