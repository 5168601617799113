"""A document that people accept or rely on never changes under the same version."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings

from privacy import legal, staff
from privacy.legal import Document

# SHA-256 of each template, by document and version. A changed text: raise `version` and `changed_on` where the document
# is declared, and add a line here; older lines stay, as the record of what was in force.
TEXTS = {
    ("trust", "1.0"): "b1c5fc6539da7decd8884ad8ad661d2f2de04eb4f5f656690928d27ee2396453",
    ("privacy", "1.0"): "5033265b45c32312080ce8ab31854330542d4bbef3c7c37fb583844c089af9c6",
    ("dpa", "1.0"): "2342636ac7b2acb53943538c1df13d6a6349ae208b57b57d5da3147eae80bb34",
    ("subprocessors", "1.0"): "7c7746a909110324b015c22d4df9302fbfab69ad36bf812fb3a400225e14bcb4",
    ("disclosure", "1.0"): "13426caa02685225a1d57906d6972b3f48ae33c807befa22ce686870c3091080",
    ("responsibility", "1.0"): "36b367fdbb0d36909a3c72a077c8e32947e7f450796965d55b119c0db5173561",
    ("nda", "1.0"): "a9f40ed58af5f9355bf96e296496a8d7afe7eac98618cfdf03bcb81030c8982f",
    ("staff_confidentiality", "1.0"): "73e4de2d53129b83df0da4b9471eb7ed52ca92d2a4e3710f1ea97eb5b74d7f87",
    ("staff_non_disclosure", "1.0"): "2db359910df115f1f9ed2e860094694e30db6dcf00ff13a95e54d541a6e82195",
    ("staff_anti_harassment", "1.0"): "40a73fdc55ca7a09e3b0da439c31aea71b26fb53e0ce50b8155d98d7994905b1",
    ("staff_conduct", "1.0"): "ef979ea9004f84756c7366ab8cb6483030e2bb2818e5fae242ba2a4ccfbf45a7",
    ("staff_security", "1.0"): "be19737f4a5e04d021b6d1ae6093c394583ac79986b457398b042d35557431ac",
}
DOCUMENTS = (*legal.DOCUMENTS, legal.NDA, *staff.POLICIES)


def digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def source(document: Document) -> bytes:
    return (Path(settings.BASE_DIR) / "templates" / document.template).read_bytes()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_a_changed_text_has_a_new_version(document: Document) -> None:
    assert TEXTS.get((document.name, document.version)) == digest(source(document)), (
        f"The text of “{document.title}” has changed: give it a new version and date, and write its hash down here."
    )


def test_control_a_changed_word_is_noticed() -> None:
    privacy = legal.BY_NAME["privacy"]
    assert TEXTS["privacy", privacy.version] != digest(source(privacy).replace(b"the", b"a", 1))


def test_every_document_has_a_name_of_its_own_and_no_date_to_come() -> None:
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)
    assert all(document.version and document.changed_on.year >= 2026 for document in DOCUMENTS)
