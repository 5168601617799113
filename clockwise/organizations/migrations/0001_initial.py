import clockwise.encryption.sealed
import clockwise.tenancy.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clockwise.tenancy.operations import ProtectTable


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('role', models.CharField(choices=[('member', 'Member'), ('admin', 'Admin'), ('owner', 'Owner')], default='member', max_length=16)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('subject_index', models.BinaryField(max_length=16, null=True, unique=True)),
                ('address_index', models.BinaryField(max_length=16)),
                ('is_active', models.BooleanField(default=True)),
                ('epoch', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('signed_in_at', models.DateTimeField(null=True)),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='Organization',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('plan', models.CharField(choices=[('free', 'Free'), ('teams', 'Teams'), ('business', 'Business'), ('enterprise', 'Enterprise')], max_length=16)),
                ('time_zone', models.CharField(default='UTC', max_length=64)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('created_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('domain_index', models.BinaryField(max_length=16, unique=True)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='ApiToken',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('token_hash', models.BinaryField(max_length=32, unique=True)),
                ('scopes', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddField(
            model_name='member',
            name='organization',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization'),
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('details', clockwise.encryption.sealed.SealedField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='TeamMembership',
            fields=[
                ('id', models.UUIDField(default=clockwise.tenancy.models.time_ordered_id, editable=False, primary_key=True, serialize=False)),
                ('member', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='organizations.organization')),
                ('team', clockwise.tenancy.models.TenantForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='organizations.team')),
            ],
            options={
                'base_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(fields=('organization', 'address_index'), name='organizations_member_unique_address_index'),
        ),
        migrations.AddIndex(
            model_name='teammembership',
            index=models.Index(fields=['organization', 'member'], name='membership_by_member'),
        ),
        migrations.AddConstraint(
            model_name='teammembership',
            constraint=models.UniqueConstraint(fields=('organization', 'team', 'member'), name='organizations_teammembership_unique_team_member'),
        ),
        ProtectTable("Member"),
        ProtectTable("Team"),
        ProtectTable("TeamMembership"),
        ProtectTable("Domain"),
        ProtectTable("ApiToken"),
    ]
