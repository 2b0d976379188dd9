"""The FastAPI baseline, small and fair: FastAPI, SQLAlchemy 2 async, asyncpg, pydantic v2.

It stands for the backend that this one replaced, and is fairer than that: one engine per worker
instead of one per request, the responses typed so that pydantic writes the JSON itself, and user
and grants fetched by one statement. Authorisation is by hand and says what the policies say.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, ForeignKey, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    mapped_column,
    relationship,
    selectinload,
)
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import LoaderOption
from sqlalchemy.types import Text

engine = create_async_engine(os.environ["BASELINE_DATABASE_URL"], pool_size=5, max_overflow=5)
sessions = async_sessionmaker(engine, expire_on_commit=False)
verifying_keys = {
    key["kid"]: jwt.PyJWK(key)
    for key in json.loads(Path(os.environ["BASELINE_JWKS"]).read_text())["keys"]
}
app = FastAPI()


class Base(DeclarativeBase):
    """Tables of schema aspen; every key is a bigint."""

    __table_args__ = {"schema": "aspen"}  # noqa: RUF012
    type_annotation_map = {int: BigInteger, str: Text, list[str]: ARRAY(Text)}  # noqa: RUF012


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str]
    tokens_valid_after: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class GroupGrant(Base):
    __tablename__ = "group_grants"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    grantee_group_id: Mapped[int]
    role: Mapped[str]


class Location(Base):
    __tablename__ = "locations"
    id: Mapped[int] = mapped_column(primary_key=True)
    region: Mapped[str]
    country: Mapped[str | None]
    division: Mapped[str | None]
    location: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class ReferenceDataset(Base):
    __tablename__ = "reference_datasets"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    accession: Mapped[str | None]
    tag: Mapped[str | None]


class HasReferenceDataset:
    """The reference that lineages and QC metrics were computed against, flat as in the API."""

    reference_dataset: Mapped[ReferenceDataset | None]

    @property
    def reference_dataset_name(self) -> str | None:
        return self.reference_dataset.name if self.reference_dataset else None

    @property
    def reference_sequence_accession(self) -> str | None:
        return self.reference_dataset.accession if self.reference_dataset else None

    @property
    def reference_dataset_tag(self) -> str | None:
        return self.reference_dataset.tag if self.reference_dataset else None


class BelongsToSample:
    disclosed_at: Mapped[datetime]

    @property
    def is_private(self) -> bool:
        return self.disclosed_at.year == 9999


class SampleLineage(BelongsToSample, HasReferenceDataset, Base):
    __tablename__ = "sample_lineages"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    sample_id: Mapped[int] = mapped_column(ForeignKey("aspen.samples.id"))
    lineage_type: Mapped[str]
    lineage: Mapped[str | None]
    lineage_software_version: Mapped[str]
    lineage_probability: Mapped[float | None]
    scorpio_call: Mapped[str | None]
    scorpio_support: Mapped[float | None]
    reference_dataset_id: Mapped[int | None] = mapped_column(
        ForeignKey("aspen.reference_datasets.id")
    )
    updated_at: Mapped[datetime]
    failure: Mapped[str | None]
    reference_dataset: Mapped[ReferenceDataset | None] = relationship()


class SampleQcMetrics(BelongsToSample, HasReferenceDataset, Base):
    __tablename__ = "sample_qc_metrics"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    sample_id: Mapped[int] = mapped_column(ForeignKey("aspen.samples.id"))
    qc_caller: Mapped[str]
    qc_score: Mapped[float | None]
    qc_status: Mapped[str]
    qc_software_version: Mapped[str]
    reference_dataset_id: Mapped[int | None] = mapped_column(
        ForeignKey("aspen.reference_datasets.id")
    )
    updated_at: Mapped[datetime]
    reference_dataset: Mapped[ReferenceDataset | None] = relationship()


class Accession(BelongsToSample, Base):
    __tablename__ = "accessions"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    sample_id: Mapped[int] = mapped_column(ForeignKey("aspen.samples.id"))
    public_repository_id: Mapped[int]
    accession: Mapped[str]
    updated_at: Mapped[datetime]


class Sample(Base):
    __tablename__ = "samples"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int]
    pathogen_id: Mapped[int]
    uploaded_by_id: Mapped[int | None]
    location_id: Mapped[int] = mapped_column(ForeignKey("aspen.locations.id"))
    is_private: Mapped[bool]
    private_identifier: Mapped[str]
    public_identifier: Mapped[str]
    collection_date: Mapped[date]
    sample_collected_by: Mapped[str | None]
    sample_collector_contact_email: Mapped[str | None]
    sample_collector_contact_address: Mapped[str | None]
    authors: Mapped[list[str]]
    organism: Mapped[str | None]
    host: Mapped[str | None]
    purpose_of_sampling: Mapped[str | None]
    specimen_processing: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    restricted_until: Mapped[date | None]
    disclosed_at: Mapped[datetime]
    location: Mapped[Location] = relationship()
    lineages: Mapped[list[SampleLineage]] = relationship()
    qc: Mapped[list[SampleQcMetrics]] = relationship()
    accessions: Mapped[list[Accession]] = relationship()


class Out(BaseModel):
    """A response that is read off the ORM's objects."""

    model_config = ConfigDict(from_attributes=True)


class LocationOut(Out):
    id: int
    region: str
    country: str | None
    division: str | None
    location: str | None
    latitude: float | None
    longitude: float | None


class SampleLineageOut(Out):
    id: int
    group_id: int
    sample_id: int
    is_private: bool
    lineage_type: str
    lineage: str | None
    lineage_software_version: str
    lineage_probability: float | None
    scorpio_call: str | None
    scorpio_support: float | None
    reference_dataset_name: str | None
    reference_sequence_accession: str | None
    reference_dataset_tag: str | None
    updated_at: datetime
    failure: str | None
    disclosed_at: datetime


class SampleQcMetricsOut(Out):
    id: int
    group_id: int
    sample_id: int
    is_private: bool
    qc_caller: str
    qc_score: float | None
    qc_status: str
    qc_software_version: str
    reference_dataset_name: str | None
    reference_sequence_accession: str | None
    reference_dataset_tag: str | None
    updated_at: datetime
    disclosed_at: datetime


class AccessionOut(Out):
    id: int
    group_id: int
    sample_id: int
    is_private: bool
    public_repository_id: int
    accession: str
    updated_at: datetime
    disclosed_at: datetime


class SampleOut(Out):
    id: int
    group_id: int
    pathogen_id: int
    uploaded_by_id: int | None
    location_id: int
    is_private: bool
    private_identifier: str | None
    public_identifier: str
    collection_date: date
    sample_collected_by: str | None
    sample_collector_contact_email: str | None
    sample_collector_contact_address: str | None
    authors: list[str]
    organism: str | None
    host: str | None
    purpose_of_sampling: str | None
    specimen_processing: str | None
    created_at: datetime
    updated_at: datetime
    restricted_until: date | None
    disclosed_at: datetime


class EmbeddedSampleOut(SampleOut):
    location: LocationOut
    lineages: list[SampleLineageOut]
    qc: list[SampleQcMetricsOut]
    accessions: list[AccessionOut]


@dataclass(frozen=True)
class Caller:
    """The user who asks, and the groups they see."""

    full_groups: list[int]
    any_groups: list[int]


async def session() -> AsyncIterator[AsyncSession]:
    """Open one session per request."""
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


async def authenticate(session: Session, authorization: Annotated[str, Header()] = "") -> Caller:
    """Verify the token, look up the user, and add the groups that granted theirs access."""
    try:
        token = authorization.removeprefix("Bearer ")
        key = verifying_keys[jwt.get_unverified_header(token)["kid"]]
        claims = jwt.decode(
            token,
            key=key,
            algorithms=["HS256", "RS256"],
            audience="aspen",
            options={"require": ["exp", "aud"]},
        )
    except (jwt.InvalidTokenError, KeyError) as error:
        raise HTTPException(401, "invalid token") from error

    held = {int(group): role for group, role in claims["groups"].items()}
    user_and_grants = (
        select(User.disabled_at, User.tokens_valid_after, GroupGrant.group_id, GroupGrant.role)
        .outerjoin(GroupGrant, GroupGrant.grantee_group_id.in_(list(held)))
        .where(User.subject == claims["sub"])
    )
    rows = (await session.execute(user_and_grants)).all()
    if not rows or rows[0].disabled_at is not None:
        raise HTTPException(401, "unknown or disabled user")
    valid_after = rows[0].tokens_valid_after
    if valid_after is not None and claims["iat"] < valid_after.timestamp():
        raise HTTPException(401, "token revoked")
    roles = [*held.items(), *((row.group_id, row.role) for row in rows if row.group_id)]
    return Caller(
        full_groups=[group for group, role in roles if role in ("member", "admin")],
        any_groups=[group for group, _ in roles],
    )


Authenticated = Annotated[Caller, Depends(authenticate)]
Limit = Annotated[int, Query(ge=1, le=1000)]


async def newest_samples(
    session: AsyncSession, caller: Caller, limit: int, *related: LoaderOption
) -> list[Sample]:
    """Return the newest samples the caller may see, with the related rows requested."""
    statement = (
        select(Sample)
        .where(
            Sample.group_id.in_(caller.any_groups),
            or_(Sample.disclosed_at <= func.now(), Sample.group_id.in_(caller.full_groups)),
        )
        .order_by(Sample.id.desc())
        .limit(limit)
        .options(*related)
    )
    samples = list(await session.scalars(statement))
    for sample in samples:
        if sample.group_id not in caller.full_groups:
            set_committed_value(sample, "private_identifier", None)
    return samples


@app.get("/health")
async def health() -> str:
    """Answer, so that the start of the server can be awaited."""
    return "ok"


@app.get("/samples", response_model=list[SampleOut])
async def samples(session: Session, caller: Authenticated, limit: Limit = 100) -> list[Sample]:
    """Return the list alone."""
    return await newest_samples(session, caller, limit)


@app.get("/samples/embedded", response_model=list[EmbeddedSampleOut])
async def embedded_samples(
    session: Session, caller: Authenticated, limit: Limit = 100
) -> list[Sample]:
    """Return the list with locations, lineages, QC metrics and accessions, eagerly loaded."""
    return await newest_samples(
        session,
        caller,
        limit,
        selectinload(Sample.location),
        selectinload(Sample.lineages).joinedload(SampleLineage.reference_dataset),
        selectinload(Sample.qc).joinedload(SampleQcMetrics.reference_dataset),
        selectinload(Sample.accessions),
    )
