from django.apps import AppConfig


class ClockwiseConfig(AppConfig):
    name = "clockwise"
