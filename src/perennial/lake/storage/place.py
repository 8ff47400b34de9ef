"""Which part of which object store holds a lake; imports nothing, so that settings may."""

from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket. `endpoint` None: Amazon's own for the region. `key` and `secret` come from the environment;
    they are never shown."""

    bucket: str
    prefix: str
    region: str
    endpoint: str | None
    key: str
    secret: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    @property
    def folder(self) -> str:
        """Return a name for this place's cache, so that the caches of two never meet."""
        told = f"{self.endpoint or self.region} {self!r}"
        return f"{self.bucket}-{blake2b(told.encode(), digest_size=4).hexdigest()}"
