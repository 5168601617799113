"""Entries that can only be added, their chain, and signed heads over all organizations.

The application's role may read these tables; it writes them through functions of the tables' owner, to whom row-level
security applies as well (FORCE), so that nothing is added to another organization's log.
"""

import clockwise.audit.models
import clockwise.encryption.sealed
import clockwise.tenancy.models
import django.db.models.deletion
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable

LEAF = """
    sha256(
        uuid_send(new_id) || uuid_send(new_organization) || int8send((extract(epoch FROM new_at) * 1000000)::bigint)
        || int2send(octet_length(new_action)::smallint) || convert_to(new_action, 'UTF8')
        || int2send(octet_length(new_target_type)::smallint) || convert_to(new_target_type, 'UTF8')
        || int2send(octet_length(new_channel)::smallint) || convert_to(new_channel, 'UTF8')
        || int2send(octet_length(new_via)::smallint) || convert_to(new_via, 'UTF8')
        || CASE WHEN new_actor IS NULL THEN int2send(0::smallint) ELSE int2send(16::smallint) || uuid_send(new_actor) END
        || CASE WHEN new_target IS NULL THEN int2send(0::smallint) ELSE int2send(16::smallint) || uuid_send(new_target) END
        || new_commitment || sha256(new_body)
    )
"""

SETTINGS = "SET search_path = pg_catalog, public, pg_temp"

FUNCTIONS = {
    "audit_append(uuid, uuid, timestamptz, text, uuid, text, uuid, text, text, bytea, bytea)": f"""
CREATE FUNCTION audit_append(
    new_id uuid, new_organization uuid, new_at timestamptz, new_action text, new_actor uuid, new_target_type text,
    new_target uuid, new_channel text, new_via text, new_body bytea, new_commitment bytea
) RETURNS void LANGUAGE sql SECURITY DEFINER {SETTINGS} AS $$
    INSERT INTO audit_auditentry (
        id, organization_id, at, action, actor_id, target_type, target_id, channel, via, body, commitment, leaf)
    VALUES (new_id, new_organization, new_at, new_action, new_actor, new_target_type, new_target, new_channel, new_via,
        new_body, new_commitment, {LEAF})
$$""",
    # The lock is the organization's alone and is held for the milliseconds of this small transaction.
    "audit_extend(uuid)": f"""
CREATE FUNCTION audit_extend(extended uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER {SETTINGS} AS $$
DECLARE
    last_position bigint;
    last_chain bytea;
    waiting record;
    added bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit:' || extended::text, 0));
    SELECT position, chain INTO last_position, last_chain FROM audit_auditentry
        WHERE organization_id = extended AND position IS NOT NULL ORDER BY position DESC LIMIT 1;
    IF last_position IS NULL THEN
        last_position := 0;
        last_chain := sha256('clockwise-audit/1'::bytea || uuid_send(extended));
    END IF;
    FOR waiting IN SELECT id, leaf FROM audit_auditentry
        WHERE organization_id = extended AND position IS NULL ORDER BY at, id
    LOOP
        last_position := last_position + 1;
        last_chain := sha256(last_chain || waiting.leaf);
        UPDATE audit_auditentry SET position = last_position, chain = last_chain
            WHERE organization_id = extended AND id = waiting.id;
        added := added + 1;
    END LOOP;
    RETURN added;
END $$""",
    # A leaf is added for an organization whose chain grew since its last one; its place in the tree never changes.
    "audit_add_leaf(uuid, uuid, bigint, integer)": f"""
CREATE FUNCTION audit_add_leaf(new_id uuid, grown uuid, new_head bigint, free_place integer)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER {SETTINGS} AS $$
DECLARE
    known record;
    latest record;
BEGIN
    SELECT position, chain INTO latest FROM audit_auditentry
        WHERE organization_id = grown AND position IS NOT NULL ORDER BY position DESC LIMIT 1;
    SELECT place, position INTO known FROM audit_auditleaf
        WHERE organization_id = grown ORDER BY head DESC LIMIT 1;
    INSERT INTO audit_auditleaf (id, organization_id, head, place, position, chain)
        SELECT new_id, grown, new_head, coalesce(known.place, free_place), latest.position, latest.chain
        WHERE latest.position IS NOT NULL AND latest.position IS DISTINCT FROM known.position;
    RETURN known.place IS NULL AND latest.position IS NOT NULL;
END $$""",
    "audit_add_head(bigint, timestamptz, integer, bytea, bytea, bytea)": f"""
CREATE FUNCTION audit_add_head(
    new_number bigint, new_at timestamptz, new_size integer, new_root bytea, new_previous bytea, new_signature bytea
) RETURNS void LANGUAGE sql SECURITY DEFINER {SETTINGS} AS $$
    INSERT INTO audit_audithead (number, at, size, root, previous, signature)
    VALUES (new_number, new_at, new_size, new_root, new_previous, new_signature)
$$""",
    "audit_mark_anchored(bigint, timestamptz)": f"""
CREATE FUNCTION audit_mark_anchored(anchored bigint, now_at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER {SETTINGS} AS $$
    UPDATE audit_audithead SET anchored_at = now_at WHERE number = anchored AND anchored_at IS NULL
$$""",
}

# Who has something waiting, and the tree of a head: ids and hashes, before any organization is current.
LOOKUPS = {
    "lookup_audit_waiting()": f"""
CREATE FUNCTION lookup_audit_waiting() RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER {SETTINGS} AS $$
    SELECT DISTINCT e.organization_id FROM audit_auditentry e WHERE e.position IS NULL
$$""",
    "lookup_audit_grown()": f"""
CREATE FUNCTION lookup_audit_grown() RETURNS TABLE (organization_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER {SETTINGS} AS $$
    SELECT o.id FROM organizations_organization o
    CROSS JOIN LATERAL (SELECT e.position FROM audit_auditentry e
        WHERE e.organization_id = o.id AND e.position IS NOT NULL ORDER BY e.position DESC LIMIT 1) latest
    LEFT JOIN LATERAL (SELECT l.position FROM audit_auditleaf l
        WHERE l.organization_id = o.id ORDER BY l.head DESC LIMIT 1) known ON true
    WHERE latest.position IS DISTINCT FROM known.position ORDER BY o.id
$$""",
    "lookup_audit_tree(bigint)": f"""
CREATE FUNCTION lookup_audit_tree(at_head bigint) RETURNS TABLE (place integer, leaf bytea)
LANGUAGE sql STABLE SECURITY DEFINER {SETTINGS} AS $$
    SELECT found.place, sha256('\\x00'::bytea || uuid_send(found.organization_id) || int8send(found.position) || found.chain)
    FROM (SELECT DISTINCT ON (l.organization_id) l.* FROM audit_auditleaf l WHERE l.head <= at_head
        ORDER BY l.organization_id, l.head DESC) found
    ORDER BY found.place
$$""",
}


FORWARDS = [
    "ALTER TABLE audit_audithead ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE audit_audithead FORCE ROW LEVEL SECURITY",
    "CREATE POLICY readable ON audit_audithead FOR SELECT USING (true)",
    "CREATE POLICY added ON audit_audithead FOR INSERT TO cw_owner WITH CHECK (true)",
    "CREATE POLICY anchored ON audit_audithead FOR UPDATE TO cw_owner USING (true)",
    "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON audit_auditentry, audit_auditleaf, audit_audithead FROM cw_app",
    "CREATE INDEX audit_waiting ON audit_auditentry (organization_id) WHERE position IS NULL",
    "CREATE POLICY lookup ON audit_auditentry FOR SELECT TO cw_lookup USING (true)",
    "CREATE POLICY lookup ON audit_auditleaf FOR SELECT TO cw_lookup USING (true)",
    "GRANT SELECT (organization_id, position) ON audit_auditentry TO cw_lookup",
    "GRANT SELECT ON audit_auditleaf TO cw_lookup",
    "GRANT SELECT (id) ON organizations_organization TO cw_lookup",
    *FUNCTIONS.values(),
    *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC" for name in FUNCTIONS),
    *(f"GRANT EXECUTE ON FUNCTION {name} TO cw_app" for name in FUNCTIONS),
    *LOOKUPS.values(),
    *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC" for name in LOOKUPS),
    *(f"GRANT EXECUTE ON FUNCTION {name} TO cw_app" for name in LOOKUPS),
    *(f"ALTER FUNCTION {name} OWNER TO cw_lookup" for name in LOOKUPS),
]
BACKWARDS = [
    *(f"DROP FUNCTION {name}" for name in (*LOOKUPS, *FUNCTIONS)),
    "DROP POLICY lookup ON audit_auditentry",
    "DROP POLICY lookup ON audit_auditleaf",
    "REVOKE ALL ON audit_auditentry, audit_auditleaf FROM cw_lookup",
    "DROP INDEX audit_waiting",
    "GRANT INSERT ON audit_auditentry TO cw_app",
]


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
        ('organizations', '0002_lookups'),
    ]

    operations = [
        # Nothing was released with entries in the earlier form, which can't be chained.
        migrations.RunSQL("TRUNCATE audit_auditentry", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('size', models.PositiveIntegerField()),
                ('root', models.BinaryField(max_length=32)),
                ('previous', models.BinaryField(max_length=32)),
                ('signature', models.BinaryField(max_length=64)),
                ('anchored_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField('auditentry', 'channel', models.CharField(blank=True, default='', max_length=16), preserve_default=False),
        migrations.AddField('auditentry', 'via', models.CharField(blank=True, default='', max_length=128), preserve_default=False),
        migrations.AddField('auditentry', 'commitment', models.BinaryField(default=b'', max_length=32), preserve_default=False),
        migrations.AddField('auditentry', 'leaf', models.BinaryField(default=b'', max_length=32), preserve_default=False),
        migrations.AddField('auditentry', 'position', models.BigIntegerField(null=True)),
        migrations.AddField('auditentry', 'chain', models.BinaryField(max_length=32, null=True)),
        migrations.AddIndex('auditentry', models.Index(fields=['organization', 'actor_id', 'at'], name='audit_by_actor')),
        migrations.AddIndex('auditentry', models.Index(fields=['organization', 'action', 'at'], name='audit_by_action')),
        migrations.AddConstraint('auditentry', models.UniqueConstraint(fields=('organization', 'position'), name='audit_auditentry_unique_position')),
        migrations.CreateModel(
            name='AuditLeaf',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('head', models.BigIntegerField()),
                ('place', models.PositiveIntegerField()),
                ('position', models.BigIntegerField()),
                ('chain', models.BinaryField(max_length=32)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint('auditleaf', models.UniqueConstraint(fields=('organization', 'head'), name='audit_auditleaf_unique_head')),
        ProtectTable("AuditLeaf"),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
