-- A result belongs to one sequence, and a caller that names no lineage says why.
-- depends: 0014_put_identifiers_first_in_their_keys

alter table aspen.sequences add column revision bigint not null default 0;

create sequence aspen.sequences_revision_seq owned by aspen.sequences.revision;

comment on column aspen.sequences.revision is
'Another number for each sequence a sample ever has; 0 for those of before it was counted';

-- Jobs that are open are taken to be for the sequences there are. The default goes again: it only
-- says what the rows there are have.
alter table aspen.job_samples add column sequence_revision bigint default 0;
-- squawk-ignore ban-drop-default
alter table aspen.job_samples alter column sequence_revision drop default;

comment on column aspen.job_samples.sequence_revision is
'The sequence the job is for, by its revision: results are not stored once the sample has another';

-- squawk-ignore ban-drop-not-null
alter table aspen.sample_lineages alter column lineage drop not null;
alter table aspen.sample_lineages add column failure text;

comment on column aspen.sample_lineages.failure is 'Why the caller named no lineage; null if it did';

-- Role control sees every row; the owner is under row-level security itself.
set local role none;

-- What Pangolin (and the first life of this platform) wrote in the place of a lineage.
update aspen.sample_lineages
set
    failure = regexp_replace(
        coalesce(
            nullif(left(raw_output ->> 'qc_notes', 1000), ''),
            nullif(left(raw_output ->> 'note', 1000), ''),
            'no lineage was assigned'
        ),
        '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]', ' ', 'g'
    ),
    lineage = null,
    lineage_probability = null
where lower(lineage) in ('unassigned', 'none', 'failed');

set local role aspen_owner;

alter table aspen.sample_lineages
add constraint sample_lineages_lineage_or_failure_check
check ((lineage is null) = (failure is not null)) not valid;
alter table aspen.sample_lineages
add constraint sample_lineages_failure_form_check check (
    failure !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
) not valid;

-- A row is small, and there are two of a sample at most.
-- squawk-ignore constraint-missing-not-valid
alter table aspen.sample_lineages validate constraint sample_lineages_lineage_or_failure_check;
-- squawk-ignore constraint-missing-not-valid
alter table aspen.sample_lineages validate constraint sample_lineages_failure_form_check;
