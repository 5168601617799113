from django.urls import path

from clockwise.organizations.views import google

urlpatterns = [
    path("accounts/google/login", google.sign_in, name="sign-in"),
    path("accounts/google/callback", google.callback, name="google-callback"),
    path("accounts/sign-out", google.sign_out, name="sign-out"),
]
