"""An entry that is chained as it is written, for transactions that hold the chain's lock until they end.

Written first and chained by an update, it would be put into each index of the table twice.
"""

from importlib import import_module

from django.db import migrations

before = import_module("clockwise.audit.migrations.0002_tamper_evident")

NAME = "audit_append_chained(uuid, uuid, timestamptz, text, uuid, text, uuid, text, text, bytea, bytea)"
FUNCTION = f"""
CREATE FUNCTION audit_append_chained(
    new_id uuid, new_organization uuid, new_at timestamptz, new_action text, new_actor uuid, new_target_type text,
    new_target uuid, new_channel text, new_via text, new_body bytea, new_commitment bytea
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    new_leaf bytea := {before.LEAF};
    last_position bigint;
    last_chain bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit:' || new_organization::text, 0));
    SELECT position, chain INTO last_position, last_chain FROM audit_auditentry
        WHERE organization_id = new_organization AND position IS NOT NULL ORDER BY position DESC LIMIT 1;
    IF last_position IS NULL THEN
        last_position := 0;
        last_chain := sha256('clockwise-audit/1'::bytea || uuid_send(new_organization));
    END IF;
    INSERT INTO audit_auditentry (
        id, organization_id, at, action, actor_id, target_type, target_id, channel, via, body, commitment, leaf,
        position, chain)
    VALUES (new_id, new_organization, new_at, new_action, new_actor, new_target_type, new_target, new_channel, new_via,
        new_body, new_commitment, new_leaf, last_position + 1, sha256(last_chain || new_leaf));
END $$"""


class Migration(migrations.Migration):

    dependencies = [('audit', '0003_heads')]

    operations = [
        migrations.RunSQL(
            [FUNCTION, f"REVOKE ALL ON FUNCTION {NAME} FROM PUBLIC", f"GRANT EXECUTE ON FUNCTION {NAME} TO cw_app"],
            f"DROP FUNCTION {NAME}",
        ),
    ]
