-- code: unloaded

-- The owner of the tables is under row-level security itself: it would copy and check no row.
set local role none;

-- What was restricted stays hidden from viewers.
update aspen.samples
set is_private = true
where restricted_until > (now() at time zone 'UTC')::date;

alter table aspen.samples
add constraint samples_group_id_id_is_private_key unique (group_id, id, is_private);

alter table aspen.accessions
drop constraint accessions_group_id_sample_id_disclosed_at_fkey;
alter table aspen.accessions
add column is_private aspen.flag not null default false;
update aspen.accessions
set is_private = true
where disclosed_at = '9999-01-01 00:00:00+00';
alter table aspen.accessions
drop column disclosed_at,
alter column is_private drop default,
add constraint accessions_group_id_sample_id_is_private_fkey
foreign key (group_id, sample_id, is_private)
references aspen.samples (group_id, id, is_private) on update cascade on delete cascade;

comment on column aspen.accessions.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

alter table aspen.sample_lineages
drop constraint sample_lineages_group_id_sample_id_disclosed_at_fkey;
alter table aspen.sample_lineages
add column is_private aspen.flag not null default false;
update aspen.sample_lineages
set is_private = true
where disclosed_at = '9999-01-01 00:00:00+00';
alter table aspen.sample_lineages
drop column disclosed_at,
alter column is_private drop default,
add constraint sample_lineages_group_id_sample_id_is_private_fkey
foreign key (group_id, sample_id, is_private)
references aspen.samples (group_id, id, is_private) on update cascade on delete cascade;

comment on column aspen.sample_lineages.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

alter table aspen.sample_mutations
drop constraint sample_mutations_group_id_sample_id_disclosed_at_fkey;
alter table aspen.sample_mutations
add column is_private boolean not null default false;
update aspen.sample_mutations
set is_private = true
where disclosed_at = '9999-01-01 00:00:00+00';
alter table aspen.sample_mutations
drop column disclosed_at,
alter column is_private drop default,
add constraint sample_mutations_group_id_sample_id_is_private_fkey
foreign key (group_id, sample_id, is_private)
references aspen.samples (group_id, id, is_private) on update cascade on delete cascade;

comment on column aspen.sample_mutations.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

alter table aspen.sample_qc_metrics
drop constraint sample_qc_metrics_group_id_sample_id_disclosed_at_fkey;
alter table aspen.sample_qc_metrics
add column is_private aspen.flag not null default false;
update aspen.sample_qc_metrics
set is_private = true
where disclosed_at = '9999-01-01 00:00:00+00';
alter table aspen.sample_qc_metrics
drop column disclosed_at,
alter column is_private drop default,
add constraint sample_qc_metrics_group_id_sample_id_is_private_fkey
foreign key (group_id, sample_id, is_private)
references aspen.samples (group_id, id, is_private) on update cascade on delete cascade;

comment on column aspen.sample_qc_metrics.is_private is
'Copy of samples.is_private, kept equal by the foreign key';

alter table aspen.samples
drop constraint samples_id_group_id_disclosed_at_key,
drop column disclosed_at,
drop column restricted_until;

set local role aspen_owner;
