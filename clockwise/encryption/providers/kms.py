"""The master key in AWS KMS: it never leaves there, and each call names what the wrapped key is for."""

from collections.abc import Mapping

from clockwise.encryption import aws
from clockwise.encryption.aws import errors_in_our_words


class KmsKey:
    """`key_id`: a key's id, ARN or alias."""

    def __init__(self, key_id: str) -> None:
        self._key_id = key_id
        with errors_in_our_words("KMS"):
            self._client = aws.kms()

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        with errors_in_our_words("KMS"):
            answer = self._client.encrypt(KeyId=self._key_id, Plaintext=key, EncryptionContext=context)
        return answer["CiphertextBlob"]

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        with errors_in_our_words("KMS"):
            answer = self._client.decrypt(KeyId=self._key_id, CiphertextBlob=wrapped, EncryptionContext=context)
        return answer["Plaintext"]

    def rewrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Inside KMS, which knows the key that wrapped it; the unwrapped key does not leave there."""
        with errors_in_our_words("KMS"):
            answer = self._client.re_encrypt(
                CiphertextBlob=wrapped,
                SourceEncryptionContext=context,
                DestinationKeyId=self._key_id,
                DestinationEncryptionContext=context,
            )
        return answer["CiphertextBlob"]
