import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_sign_in_page_asks_for_mail_and_password(client: Client) -> None:
    written = client.get("/sign-in").content.decode()
    assert 'name="login"' in written and 'type="password"' in written and "csrfmiddlewaretoken" in written


def test_a_wrong_password_is_said_without_saying_which_part_was_wrong(client: Client) -> None:
    written = client.post("/sign-in", {"login": "nobody@example.com", "password": "not the password"}).content.decode()
    assert 'role="alert"' in written and "style=" not in written
