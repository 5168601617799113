"""Outside local mode nothing is answered over plain http: people are led to https, programs are refused."""

import pytest
from django.test import Client, override_settings


@pytest.mark.parametrize("path", ["/api/v1/me", "/scim/v2/Users", "/integrations/google/push"])
def test_a_token_sent_in_the_clear_is_refused_rather_than_redirected(database: None, path: str) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = Client().get(path, headers={"Authorization": "Bearer cwk_x"})

    assert answer.status_code == 403
    assert "Location" not in answer


def test_a_person_is_led_to_https(database: None) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = Client().get("/organization?x=1")

    assert (answer.status_code, answer["Location"]) == (301, "https://testserver/organization?x=1")


def test_over_tls_a_program_is_asked_for_its_token(database: None) -> None:
    with override_settings(SECURE_SSL_REDIRECT=True):
        answer = Client().get("/api/v1/me", secure=True)

    assert answer.status_code == 401
