from django.urls import path

from clockwise.organizations.views import audit_log, domains, google, index, members, plan, risc, rules, sessions, teams

urlpatterns = [
    path("accounts/google/login", google.sign_in, name="sign-in"),
    path("accounts/google/callback", google.callback, name="google-callback"),
    path("accounts/sign-out", google.sign_out, name="sign-out"),
    path("accounts/google/confirm", google.confirm, name="confirm"),
    path("account/sessions/", sessions.index, name="sessions"),
    path("account/sessions/end-others", sessions.end_others, name="sessions-end-others"),
    path("account/sessions/<uuid:session_id>/end", sessions.end, name="session-end"),
    path("integrations/google/risc", risc.receive, name="risc"),
    path("organization/", index.index, name="organization"),
    path("organization/members/", members.index, name="organization-members"),
    path("organization/members/deactivate", members.deactivate, name="organization-members-deactivate"),
    path("organization/members/<uuid:member_id>/", members.show, name="organization-member"),
    path("organization/members/<uuid:member_id>/role", members.set_role, name="organization-member-role"),
    path("organization/members/<uuid:member_id>/reactivate", members.reactivate, name="organization-member-reactivate"),
    path("organization/teams/", teams.index, name="organization-teams"),
    path("organization/teams/<uuid:team_id>/", teams.show, name="organization-team"),
    path("organization/teams/<uuid:team_id>/change", teams.change, name="organization-team-change"),
    path("organization/teams/<uuid:team_id>/delete", teams.delete, name="organization-team-delete"),
    path("organization/domains/", domains.index, name="organization-domains"),
    path("organization/domains/<uuid:domain_id>/remove", domains.remove, name="organization-domain-remove"),
    path("organization/rules/", rules.index, name="organization-rules"),
    path("organization/rules/try", rules.try_title, name="organization-rules-try"),
    path("organization/audit/", audit_log.index, name="organization-audit"),
    path("organization/audit/verify", audit_log.check, name="organization-audit-verify"),
    path("organization/audit/csv", audit_log.as_csv, name="organization-audit-csv"),
    path("organization/audit/json", audit_log.as_json, name="organization-audit-json"),
    path("organization/plan/", plan.show, name="organization-plan"),
]
