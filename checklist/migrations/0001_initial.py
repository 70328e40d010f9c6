import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# A published version is final, whoever asks. Row triggers, so that TRUNCATE (the flush of a test database) still works.
PUBLISHED_IS_FINAL = """
CREATE FUNCTION checklist_refuse_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Checklist version % (number %) is published and never changes; load a new version instead.',
        OLD.id, OLD.number USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER checklist_version_is_final BEFORE UPDATE OR DELETE ON checklist_checklistversion
    FOR EACH ROW WHEN (OLD.status = 'published') EXECUTE FUNCTION checklist_refuse_published();

-- The share lock makes a write to a draft and its publication wait for each other.
CREATE FUNCTION checklist_refuse_in_published() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[] := '{}';
    found bigint;
BEGIN
    IF TG_OP <> 'INSERT' THEN ids := ids || OLD.version_id; END IF;
    IF TG_OP <> 'DELETE' THEN ids := ids || NEW.version_id; END IF;
    PERFORM 1 FROM checklist_checklistversion v WHERE v.id = ANY (ids) ORDER BY v.id FOR SHARE;
    SELECT v.id INTO found FROM checklist_checklistversion v
        WHERE v.id = ANY (ids) AND v.status = 'published' LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'Checklist version % is published: its sections and items never change; load a new version instead.',
            found USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER checklist_section_is_final BEFORE INSERT OR UPDATE OR DELETE ON checklist_section
    FOR EACH ROW EXECUTE FUNCTION checklist_refuse_in_published();
CREATE TRIGGER checklist_item_is_final BEFORE INSERT OR UPDATE OR DELETE ON checklist_item
    FOR EACH ROW EXECUTE FUNCTION checklist_refuse_in_published();
"""

UNDO = """
DROP TRIGGER checklist_item_is_final ON checklist_item;
DROP TRIGGER checklist_section_is_final ON checklist_section;
DROP TRIGGER checklist_version_is_final ON checklist_checklistversion;
DROP FUNCTION checklist_refuse_in_published();
DROP FUNCTION checklist_refuse_published();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Checklist",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=64, unique=True)),
                ("title", models.CharField(max_length=120)),
                ("summary", models.TextField(blank=True)),
            ],
            options={
                "ordering": ["title", "slug"],
            },
        ),
        migrations.CreateModel(
            name="ChecklistVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "status",
                    models.CharField(
                        choices=[("draft", "Draft"), ("published", "Published")],
                        default="draft",
                        max_length=16,
                    ),
                ),
                ("content", models.JSONField()),
                (
                    "content_hash",
                    models.CharField(
                        help_text="SHA-256 of the content as RFC 8785 canonical JSON, in hexadecimal.",
                        max_length=64,
                    ),
                ),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "checklist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="checklist.checklist",
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
            },
        ),
        migrations.CreateModel(
            name="Section",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(help_text="From 1, in the order of approval.")),
                ("slug", models.SlugField(max_length=64)),
                ("title", models.CharField(max_length=120)),
                ("short_title", models.CharField(help_text="For the column of a matrix.", max_length=10)),
                ("question", models.TextField(help_text="The honest question, shown under the title.")),
                ("why", models.TextField(help_text="Markdown.")),
                ("approvals_required", models.PositiveIntegerField(default=1)),
                (
                    "reviewer_roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32),
                        blank=True,
                        default=list,
                        help_text="Each role needs at least one approver who holds it.",
                        size=None,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sections",
                        to="checklist.checklistversion",
                    ),
                ),
            ],
            options={
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveIntegerField(help_text="From 1 within the section.")),
                ("slug", models.SlugField(max_length=64)),
                ("title", models.CharField(max_length=160)),
                ("why", models.TextField(help_text="Why it matters. Markdown.")),
                ("how", models.TextField(help_text="How to meet it. Markdown.")),
                (
                    "severity",
                    models.CharField(
                        choices=[("blocker", "Blocker"), ("advisory", "Advisory")], max_length=16
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("attestation", "Attestation"),
                            ("measure", "Measure"),
                            ("drill", "Drill"),
                            ("inventory", "Inventory"),
                            ("register", "Register"),
                        ],
                        max_length=16,
                    ),
                ),
                ("spec", models.JSONField(blank=True, default=dict)),
                (
                    "applies_when",
                    models.JSONField(
                        blank=True,
                        help_text="A rule over profile facts; empty: always (see `checklist.rules`).",
                        null=True,
                    ),
                ),
                (
                    "evidence_rule",
                    models.CharField(
                        choices=[
                            ("none", "No evidence"),
                            ("optional", "Evidence welcome"),
                            ("required", "Evidence required"),
                        ],
                        max_length=16,
                    ),
                ),
                ("evidence_lifetime_days", models.PositiveIntegerField(blank=True, null=True)),
                ("allow_deferral", models.BooleanField(default=False)),
                (
                    "probes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64),
                        blank=True,
                        default=list,
                        help_text="Ids of probes that can check it.",
                        size=None,
                    ),
                ),
                (
                    "recurring_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="To be done again after so many days; overdue after that.",
                        null=True,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="checklist.checklistversion",
                    ),
                ),
                (
                    "section",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="checklist.section",
                    ),
                ),
            ],
            options={
                "ordering": ["section__position", "position"],
            },
        ),
        migrations.AddConstraint(
            model_name="checklistversion",
            constraint=models.UniqueConstraint(fields=("checklist", "number"), name="one_version_per_number"),
        ),
        migrations.AddConstraint(
            model_name="checklistversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "draft")), fields=("checklist",), name="one_draft_per_checklist"
            ),
        ),
        migrations.AddConstraint(
            model_name="checklistversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("published_at__isnull", True), ("status", "draft")),
                    models.Q(("published_at__isnull", False), ("status", "published")),
                    _connector="OR",
                ),
                name="published_version_has_date",
            ),
        ),
        migrations.AddConstraint(
            model_name="checklistversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("number__gte", 1)), name="version_number_from_1"
            ),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.UniqueConstraint(
                fields=("version", "position"), name="one_section_per_position"
            ),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.UniqueConstraint(fields=("version", "slug"), name="one_section_per_slug"),
        ),
        migrations.AddConstraint(
            model_name="section",
            constraint=models.CheckConstraint(
                condition=models.Q(("approvals_required__gte", 1), ("position__gte", 1)),
                name="section_counts_from_1",
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(fields=("version", "slug"), name="one_item_per_slug"),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.UniqueConstraint(fields=("section", "position"), name="one_item_per_position"),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.CheckConstraint(
                condition=models.Q(("position__gte", 1)), name="item_position_from_1"
            ),
        ),
        migrations.RunSQL(PUBLISHED_IS_FINAL, UNDO),
    ]
