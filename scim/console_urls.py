"""The console's provisioning pages."""

from django.urls import path

from scim.views import console

urlpatterns = [
    path("organization/provisioning/", console.index, name="organization-provisioning"),
    path(
        "organization/provisioning/tokens/<uuid:token_id>/revoke",
        console.revoke,
        name="organization-provisioning-token-revoke",
    ),
    path("organization/provisioning/choices", console.choose, name="organization-provisioning-choices"),
    path("organization/provisioning/groups/", console.groups, name="organization-provisioning-groups"),
    path(
        "organization/provisioning/groups/<uuid:rule_id>/remove",
        console.remove_rule,
        name="organization-provisioning-rule-remove",
    ),
    path("organization/provisioning/log/", console.log, name="organization-provisioning-log"),
    path("organization/provisioning/log/<uuid:entry_id>/", console.entry, name="organization-provisioning-entry"),
]
