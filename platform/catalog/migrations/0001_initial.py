import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
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
            name='Photo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('\\A[0-9a-f]{64}\\Z', 'Enter a SHA-256 as 64 hexadecimal digits.')])),
                ('source_sha256', models.CharField(max_length=64, validators=[django.core.validators.RegexValidator('\\A[0-9a-f]{64}\\Z', 'Enter a SHA-256 as 64 hexadecimal digits.')])),
                ('format', models.CharField(choices=[('jpg', 'JPEG'), ('png', 'PNG')], max_length=4)),
                ('width', models.PositiveIntegerField()),
                ('height', models.PositiveIntegerField()),
                ('bytes', models.PositiveIntegerField()),
                ('original_name', models.CharField(blank=True, max_length=255)),
                ('position', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['position', 'id'],
                'indexes': [models.Index(fields=['sha256'], name='photo_by_sha256'), models.Index(fields=['source_sha256'], name='photo_by_source_sha256')],
                'constraints': [models.CheckConstraint(condition=models.Q(('height__gt', 0), ('width__gt', 0)), name='photo_has_a_size')],
            },
        ),
        migrations.CreateModel(
            name='ProductType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('product_count', models.PositiveBigIntegerField(default=0, editable=False)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='ImportRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('layout', models.CharField(choices=[('auto', 'Work it out from the files'), ('folder', 'A folder of photos per product'), ('manifest', 'A CSV or JSONL manifest'), ('abo', 'Amazon Berkeley Objects'), ('dreambooth', 'The DreamBooth data set')], max_length=12)),
                ('source', models.CharField(max_length=40)),
                ('origin', models.CharField(max_length=500)),
                ('upload_key', models.CharField(blank=True, max_length=200)),
                ('options', models.JSONField(blank=True, default=dict)),
                ('dry_run', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('problem', models.CharField(blank=True, max_length=500)),
                ('rows_read', models.PositiveBigIntegerField(default=0)),
                ('products_added', models.PositiveBigIntegerField(default=0)),
                ('products_updated', models.PositiveBigIntegerField(default=0)),
                ('products_unchanged', models.PositiveBigIntegerField(default=0)),
                ('photos_added', models.PositiveBigIntegerField(default=0)),
                ('photos_known', models.PositiveBigIntegerField(default=0)),
                ('refused', models.PositiveBigIntegerField(default=0)),
                ('asked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=40)),
                ('external_id', models.CharField(max_length=200)),
                ('title', models.CharField(max_length=500)),
                ('attributes', models.JSONField(blank=True, default=dict)),
                ('photo_count', models.PositiveIntegerField(default=0, editable=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('cover', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='catalog.photo')),
                ('type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='products', to='catalog.producttype')),
            ],
            options={
                'ordering': ['-id'],
                'indexes': [models.Index(fields=['type', '-id'], name='product_by_type_newest')],
                'constraints': [models.UniqueConstraint(fields=('source', 'external_id'), name='product_unique_external_id'), models.CheckConstraint(condition=models.Q(('external_id', ''), _negated=True), name='product_external_id_not_empty'), models.CheckConstraint(condition=models.Q(('title', ''), _negated=True), name='product_title_not_empty')],
            },
        ),
        migrations.AddField(
            model_name='photo',
            name='product',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='photos', to='catalog.product'),
        ),
        migrations.CreateModel(
            name='ContextPrompt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=400)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('approved', 'Approved'), ('rejected', 'Rejected')], default='draft', max_length=8)),
                ('origin', models.CharField(max_length=40)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('type', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prompts', to='catalog.producttype')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['status', 'type', 'id'], name='prompt_by_status_and_type')],
                'constraints': [models.UniqueConstraint(models.F('type'), django.db.models.functions.text.Lower('text'), name='prompt_unique_in_type'), models.CheckConstraint(condition=models.Q(('text__contains', '{product}')), name='prompt_has_the_placeholder')],
            },
        ),
        migrations.CreateModel(
            name='ImportRefusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.CharField(max_length=500)),
                ('line', models.PositiveBigIntegerField(default=0)),
                ('external_id', models.CharField(blank=True, max_length=200)),
                ('reason', models.CharField(max_length=500)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refusals', to='catalog.importrun')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['run', 'id'], name='refusal_by_run')],
            },
        ),
        migrations.AddConstraint(
            model_name='photo',
            constraint=models.UniqueConstraint(fields=('product', 'sha256'), name='photo_unique_in_product'),
        ),
    ]
