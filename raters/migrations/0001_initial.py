import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import raters.models.campaigns
import raters.models.questions
import uuid
from django.conf import settings
from django.db import migrations, models

from vitrine.migrating import TablesAtOnce


class Migration(TablesAtOnce):
    initial = True

    dependencies = [
        ("accounts", "__first__"),
        ("catalog", "0003_beginnings"),
        ("generation", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuestionSet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=80)),
                ("version", models.PositiveIntegerField(default=1)),
                ("title", models.CharField(max_length=200)),
                ("frozen_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["name", "-version"],
                "constraints": [
                    models.UniqueConstraint(fields=("name", "version"), name="question_set_unique_version"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True), models.Q(("title", ""), _negated=True)
                        ),
                        name="question_set_has_a_name",
                    ),
                    models.CheckConstraint(condition=models.Q(("version__gt", 0)), name="question_set_version_from_1"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Question",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.SlugField(max_length=40)),
                ("order", models.PositiveSmallIntegerField()),
                ("topic", models.CharField(max_length=60)),
                ("wording", models.CharField(max_length=300)),
                ("help_text", models.TextField(blank=True)),
                (
                    "shown",
                    models.CharField(
                        choices=[("whole", "The whole image"), ("zoom", "The product, enlarged")],
                        default="whole",
                        max_length=5,
                    ),
                ),
                ("answers", models.JSONField(default=raters.models.questions.four_answers)),
                ("passing", models.JSONField(default=raters.models.questions.only_yes)),
                (
                    "question_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="questions", to="raters.questionset"
                    ),
                ),
            ],
            options={
                "ordering": ["order", "id"],
                "constraints": [
                    models.UniqueConstraint(fields=("question_set", "key"), name="question_unique_key"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("key", ""), _negated=True), models.Q(("wording", ""), _negated=True)
                        ),
                        name="question_has_key_and_wording",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Rater",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(default=raters.models.campaigns.new_code, max_length=80, unique=True)),
                (
                    "origin",
                    models.CharField(
                        choices=[("person", "People here"), ("import", "Imported"), ("simulation", "Simulated")],
                        default="person",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="rater",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Campaign",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[("draft", "Draft"), ("open", "Open"), ("paused", "Paused"), ("closed", "Closed")],
                        default="draft",
                        max_length=6,
                    ),
                ),
                ("raters_per_image", models.PositiveSmallIntegerField(default=3)),
                (
                    "vote",
                    models.CharField(
                        choices=[
                            ("question", "By question: most raters say yes to each question"),
                            ("rater", "By rater: most raters say yes to all questions"),
                        ],
                        default="question",
                        max_length=8,
                    ),
                ),
                ("guidelines", models.TextField(blank=True)),
                ("guidelines_version", models.PositiveIntegerField(default=1)),
                ("lease_minutes", models.PositiveSmallIntegerField(default=15)),
                ("gold_share", models.FloatField(default=0.0)),
                ("gold_feedback", models.BooleanField(default=False)),
                ("per_rater_limit", models.PositiveIntegerField(blank=True, null=True)),
                ("early_stop", models.BooleanField(default=False)),
                ("show_prompt", models.BooleanField(default=False)),
                ("by_invitation", models.BooleanField(default=False)),
                ("qualification_items", models.PositiveSmallIntegerField(default=0)),
                ("qualification_share", models.FloatField(default=0.8)),
                ("seed", models.PositiveIntegerField(default=raters.models.campaigns.new_seed)),
                (
                    "origin",
                    models.CharField(
                        choices=[("person", "People here"), ("import", "Imported"), ("simulation", "Simulated")],
                        default="person",
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("opened_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("task_count", models.PositiveIntegerField(default=0, editable=False)),
                ("gold_count", models.PositiveIntegerField(default=0, editable=False)),
                ("rating_target", models.PositiveIntegerField(default=0, editable=False)),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "question_set",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="campaigns", to="raters.questionset"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["state", "-id"], name="campaign_by_state")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("name", ""), _negated=True), name="campaign_has_a_name"),
                    models.CheckConstraint(
                        condition=models.Q(("raters_per_image__gt", 0)), name="campaign_needs_a_rater"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gold_share__gte", 0), ("gold_share__lte", 0.5)), name="campaign_gold_share"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("lease_minutes__gt", 0)), name="campaign_lease_is_some_time"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["draft", "open", "paused", "closed"])),
                        name="campaign_state_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="GuidelinePicture",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=200)),
                ("width", models.PositiveIntegerField()),
                ("height", models.PositiveIntegerField()),
                ("good", models.BooleanField(default=True)),
                ("caption", models.CharField(blank=True, max_length=300)),
                ("order", models.PositiveSmallIntegerField(default=0)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="guideline_pictures",
                        to="raters.campaign",
                    ),
                ),
            ],
            options={
                "ordering": ["order", "id"],
            },
        ),
        migrations.CreateModel(
            name="CampaignRater",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("invited", "Invited"),
                            ("qualifying", "Qualifying"),
                            ("active", "Active"),
                            ("failed", "Did not qualify"),
                            ("blocked", "Blocked"),
                        ],
                        default="active",
                        max_length=10,
                    ),
                ),
                ("qualified_at", models.DateTimeField(blank=True, null=True)),
                ("joined_at", models.DateTimeField(auto_now_add=True)),
                ("last_at", models.DateTimeField(blank=True, null=True)),
                ("leases", models.PositiveIntegerField(default=0)),
                ("taken", models.PositiveIntegerField(default=0)),
                ("ratings", models.PositiveIntegerField(default=0)),
                ("gold_ratings", models.PositiveIntegerField(default=0)),
                ("skips", models.PositiveIntegerField(default=0)),
                ("finished", models.IntegerField(default=0)),
                ("today", models.PositiveIntegerField(default=0)),
                ("today_on", models.DateField(blank=True, null=True)),
                ("active_ms", models.PositiveBigIntegerField(default=0)),
                ("place", models.BigIntegerField(default=0)),
                ("cursors", models.JSONField(default=dict)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="raters", to="raters.campaign"
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="campaigns", to="raters.rater"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "constraints": [models.UniqueConstraint(fields=("campaign", "rater"), name="campaign_rater_once")],
            },
        ),
        migrations.CreateModel(
            name="CampaignEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=40)),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("details", models.JSONField(default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="events", to="raters.campaign"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Exclusion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField()),
                ("reason", models.CharField(max_length=500)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("lift_reason", models.CharField(blank=True, max_length=500)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="exclusions", to="raters.campaign"
                    ),
                ),
                (
                    "lifted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="exclusions", to="raters.rater"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="exclusion_has_a_reason"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at", None)),
                        fields=("campaign", "rater"),
                        name="exclusion_one_at_a_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Subject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=500)),
                ("noun", models.CharField(blank=True, max_length=120)),
                ("photos", models.JSONField(default=list)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="subjects", to="raters.campaign"
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="catalog.product",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["campaign", "name"], name="subject_by_name")],
                "constraints": [models.UniqueConstraint(fields=("campaign", "product"), name="subject_unique_product")],
            },
        ),
        migrations.CreateModel(
            name="Task",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=200)),
                ("method", models.CharField(blank=True, max_length=120)),
                ("prompt", models.TextField(blank=True)),
                ("picture_key", models.CharField(blank=True, max_length=200)),
                ("width", models.PositiveIntegerField(default=0)),
                ("height", models.PositiveIntegerField(default=0)),
                ("position", models.PositiveBigIntegerField(default=0)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("fresh", "Fresh"),
                            ("begun", "Begun"),
                            ("full", "In work"),
                            ("complete", "Complete"),
                            ("withheld", "Withheld"),
                            ("gold", "Gold item"),
                        ],
                        default="fresh",
                        max_length=8,
                    ),
                ),
                ("wanted", models.PositiveSmallIntegerField(default=3)),
                ("held", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                (
                    "left",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.functions.comparison.Greatest(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("wanted"), "-", models.F("held")
                                ),
                                "-",
                                models.F("done"),
                            ),
                            0,
                        ),
                        output_field=models.IntegerField(),
                    ),
                ),
                ("stamp", models.PositiveBigIntegerField(default=0)),
                ("reports", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="tasks", to="raters.campaign"
                    ),
                ),
                (
                    "candidate",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="tasks",
                        to="generation.candidate",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="raters.subject",
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["campaign", "state", "position"], name="task_by_position"),
                    models.Index(fields=["campaign", "state", "left", "stamp"], name="task_by_stamp"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("campaign", "candidate"), name="task_unique_candidate"),
                    models.UniqueConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        fields=("campaign", "name"),
                        name="task_unique_name",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state", "gold"),
                            (
                                "wanted__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("held"), "+", models.F("done")
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="task_not_overbooked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["fresh", "begun", "full", "complete", "withheld", "gold"])),
                        name="task_state_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Assignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Held"),
                            ("done", "Done"),
                            ("skipped", "Skipped"),
                            ("reported", "Reported"),
                            ("expired", "Expired"),
                            ("returned", "Returned"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="held",
                        max_length=9,
                    ),
                ),
                ("leased_at", models.DateTimeField()),
                ("lease_until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("number", models.PositiveIntegerField(default=0)),
                ("draft", models.JSONField(default=dict)),
                ("active_ms", models.PositiveIntegerField(default=0)),
                ("reason", models.CharField(blank=True, max_length=500)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="raters.campaign"
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="raters.rater"
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="assignments", to="raters.task"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["campaign", "state", "lease_until"], name="assignment_by_lease"),
                    models.Index(fields=["rater", "campaign", "state"], name="assignment_by_rater"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("task", "rater"), name="assignment_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ["held", "done", "skipped", "reported", "expired", "returned", "withdrawn"])
                        ),
                        name="assignment_state_is_known",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Rating",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.UUIDField()),
                ("answers", models.JSONField()),
                ("times", models.JSONField(default=dict)),
                ("active_ms", models.PositiveIntegerField(default=0)),
                ("accepted", models.BooleanField()),
                ("gold", models.BooleanField(default=False)),
                (
                    "origin",
                    models.CharField(
                        choices=[("person", "People here"), ("import", "Imported"), ("simulation", "Simulated")],
                        default="person",
                        max_length=10,
                    ),
                ),
                ("guidelines_version", models.PositiveIntegerField(default=1)),
                ("made_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("excluded", models.BooleanField(default=False)),
                (
                    "assignment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rating", to="raters.assignment"
                    ),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="raters.campaign"
                    ),
                ),
                (
                    "rater",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="raters.rater"
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ratings", to="raters.task"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [
                    models.Index(fields=["campaign", "id"], name="rating_by_campaign"),
                    models.Index(fields=["rater", "campaign", "-id"], name="rating_by_rater"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("rater", "request_id"), name="rating_once_per_request")
                ],
            },
        ),
        migrations.CreateModel(
            name="RatingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("changed", "Changed"),
                            ("withdrawn", "Withdrawn"),
                            ("excluded", "Excluded"),
                            ("lifted", "Exclusion lifted"),
                        ],
                        max_length=9,
                    ),
                ),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rating",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="changes", to="raters.rating"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="Verdict",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("ratings", models.PositiveSmallIntegerField(default=0)),
                ("questions", models.JSONField(default=dict)),
                ("share", models.FloatField(blank=True, null=True)),
                (
                    "by_question",
                    models.CharField(
                        choices=[
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("tied", "Tied"),
                            ("too_few", "Too few ratings"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "by_rater",
                    models.CharField(
                        choices=[
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("tied", "Tied"),
                            ("too_few", "Too few ratings"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("tied", "Tied"),
                            ("too_few", "Too few ratings"),
                        ],
                        max_length=7,
                    ),
                ),
                ("final", models.BooleanField(default=False)),
                ("early", models.BooleanField(default=False)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="verdicts", to="raters.campaign"
                    ),
                ),
                (
                    "task",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="verdict", to="raters.task"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["campaign", "final", "outcome", "id"], name="verdict_by_outcome")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("outcome__in", ["passed", "failed", "tied", "too_few"])),
                        name="verdict_outcome_is_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GoldItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "use",
                    models.CharField(
                        choices=[("hidden", "Among the others"), ("qualification", "Before the others")],
                        default="hidden",
                        max_length=13,
                    ),
                ),
                ("expected", models.JSONField()),
                ("explanation", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "campaign",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="gold_items", to="raters.campaign"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="gold", to="raters.task"
                    ),
                ),
            ],
            options={
                "ordering": ["id"],
                "indexes": [models.Index(fields=["campaign", "use", "id"], name="gold_by_use")],
            },
        ),
        migrations.CreateModel(
            name="Ruling",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("outcome", models.CharField(choices=[("passed", "Passed"), ("failed", "Failed")], max_length=7)),
                ("answers", models.JSONField(default=dict)),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="rulings", to="raters.task"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
    ]
