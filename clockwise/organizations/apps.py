from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    name = "clockwise.organizations"
    default_auto_field = "django.db.models.BigAutoField"
