"""What can go wrong with keys and seals, by what the caller can do. No message carries content or key material."""


class EncryptionError(Exception):
    """The root of this package's errors."""


class KeyUnavailable(EncryptionError):
    """The key service or the keystore did not answer: try again later."""


class KeyMissing(EncryptionError):
    """The key is not there: shredded, or the keystore isn't the one that the database belongs to."""


class KeyRefused(EncryptionError):
    """The key, or the place where it lies, may not be used: its operator must mend it."""


class SealBroken(EncryptionError):
    """The blob is not what was sealed for this row: changed, truncated, or moved here from somewhere else."""


class SealRefused(EncryptionError, TypeError):
    """Somebody tried what a sealed field can't do: a programming error."""
