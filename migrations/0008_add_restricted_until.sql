-- Lets a group keep a sample to itself until a day, from which viewers see it.
-- depends: 0007_keep_values_in_audit_log
-- code: unloaded

-- The new column is computed from two others, so the samples are written again, and the copies of
-- is_private give way to copies of it. All requests wait while this runs.
-- squawk-ignore-file adding-field-with-default, adding-foreign-key-constraint, ban-drop-column
-- squawk-ignore-file ban-drop-constraint, ban-drop-default, constraint-missing-not-valid
-- squawk-ignore-file disallowed-unique-constraint, adding-required-field, adding-not-nullable-field

-- The owner of the tables is under row-level security itself: it would copy and check no row.
set local role none;

alter table aspen.samples
add column restricted_until aspen.day
constraint samples_restricted_until_range_check check (restricted_until >= '1900-01-01'),
add column disclosed_at aspen.moment not null generated always as (
    case
        when is_private then '9999-01-01 00:00:00+00'::timestamptz
        when restricted_until is null then '1900-01-01 00:00:00+00'::timestamptz
        else restricted_until::timestamp at time zone 'UTC'
    end
) stored;

comment on column aspen.samples.restricted_until is
'Viewers see the sample from this day on, which begins at 00:00 UTC; null for no restriction';
comment on column aspen.samples.disclosed_at is
'From this moment viewers see the sample: year 9999 for never, 1900 for always';

alter table aspen.samples
add constraint samples_id_group_id_disclosed_at_key unique (id, group_id, disclosed_at);

alter table aspen.accessions
drop constraint accessions_group_id_sample_id_is_private_fkey;
alter table aspen.accessions
add column disclosed_at aspen.moment not null default '1900-01-01 00:00:00+00';
update aspen.accessions as results
set disclosed_at = samples.disclosed_at
from aspen.samples as samples
where
    results.sample_id = samples.id
    and samples.disclosed_at <> '1900-01-01 00:00:00+00';
alter table aspen.accessions
drop column is_private,
alter column disclosed_at drop default,
add constraint accessions_group_id_sample_id_disclosed_at_fkey
foreign key (group_id, sample_id, disclosed_at)
references aspen.samples (group_id, id, disclosed_at) on update cascade on delete cascade;

comment on column aspen.accessions.disclosed_at is
'Copy of samples.disclosed_at, kept equal by the foreign key';

alter table aspen.sample_lineages
drop constraint sample_lineages_group_id_sample_id_is_private_fkey;
alter table aspen.sample_lineages
add column disclosed_at aspen.moment not null default '1900-01-01 00:00:00+00';
update aspen.sample_lineages as results
set disclosed_at = samples.disclosed_at
from aspen.samples as samples
where
    results.sample_id = samples.id
    and samples.disclosed_at <> '1900-01-01 00:00:00+00';
alter table aspen.sample_lineages
drop column is_private,
alter column disclosed_at drop default,
add constraint sample_lineages_group_id_sample_id_disclosed_at_fkey
foreign key (group_id, sample_id, disclosed_at)
references aspen.samples (group_id, id, disclosed_at) on update cascade on delete cascade;

comment on column aspen.sample_lineages.disclosed_at is
'Copy of samples.disclosed_at, kept equal by the foreign key';

alter table aspen.sample_mutations
drop constraint sample_mutations_group_id_sample_id_is_private_fkey;
alter table aspen.sample_mutations
add column disclosed_at aspen.moment not null default '1900-01-01 00:00:00+00';
update aspen.sample_mutations as results
set disclosed_at = samples.disclosed_at
from aspen.samples as samples
where
    results.sample_id = samples.id
    and samples.disclosed_at <> '1900-01-01 00:00:00+00';
alter table aspen.sample_mutations
drop column is_private,
alter column disclosed_at drop default,
add constraint sample_mutations_group_id_sample_id_disclosed_at_fkey
foreign key (group_id, sample_id, disclosed_at)
references aspen.samples (group_id, id, disclosed_at) on update cascade on delete cascade;

comment on column aspen.sample_mutations.disclosed_at is
'Copy of samples.disclosed_at, kept equal by the foreign key';

alter table aspen.sample_qc_metrics
drop constraint sample_qc_metrics_group_id_sample_id_is_private_fkey;
alter table aspen.sample_qc_metrics
add column disclosed_at aspen.moment not null default '1900-01-01 00:00:00+00';
update aspen.sample_qc_metrics as results
set disclosed_at = samples.disclosed_at
from aspen.samples as samples
where
    results.sample_id = samples.id
    and samples.disclosed_at <> '1900-01-01 00:00:00+00';
alter table aspen.sample_qc_metrics
drop column is_private,
alter column disclosed_at drop default,
add constraint sample_qc_metrics_group_id_sample_id_disclosed_at_fkey
foreign key (group_id, sample_id, disclosed_at)
references aspen.samples (group_id, id, disclosed_at) on update cascade on delete cascade;

comment on column aspen.sample_qc_metrics.disclosed_at is
'Copy of samples.disclosed_at, kept equal by the foreign key';

alter table aspen.samples
drop constraint samples_group_id_id_is_private_key;

set local role aspen_owner;
