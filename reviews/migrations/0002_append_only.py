"""Keep the audit record and snapshots as they were written, whoever speaks to the database."""

from __future__ import annotations

from django.db import migrations

FORBID = """
CREATE FUNCTION reviews_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER event_append_only BEFORE UPDATE OR DELETE ON reviews_event
    FOR EACH ROW EXECUTE FUNCTION reviews_refuse_change();
CREATE TRIGGER snapshot_append_only BEFORE UPDATE OR DELETE ON reviews_snapshot
    FOR EACH ROW EXECUTE FUNCTION reviews_refuse_change();
CREATE TRIGGER answer_revision_append_only BEFORE UPDATE ON reviews_answerrevision
    FOR EACH ROW EXECUTE FUNCTION reviews_refuse_change();
CREATE TRIGGER section_content_append_only BEFORE UPDATE OR DELETE ON reviews_sectioncontent
    FOR EACH ROW EXECUTE FUNCTION reviews_refuse_change();
"""

ALLOW = """
DROP TRIGGER section_content_append_only ON reviews_sectioncontent;
DROP TRIGGER answer_revision_append_only ON reviews_answerrevision;
DROP TRIGGER snapshot_append_only ON reviews_snapshot;
DROP TRIGGER event_append_only ON reviews_event;
DROP FUNCTION reviews_refuse_change();
"""


class Migration(migrations.Migration):
    """Adds the triggers."""

    dependencies = [("reviews", "0001_initial")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
