-- Lets errors name the row and column of a wrong id in schedules and in options of UShER.
-- depends: 0030_count_group_sizes
-- code: unloaded

-- A domain without a constraint is stored like its type, so that no table is written again.
-- squawk-ignore-file changing-column-type

alter table aspen.job_schedules
alter column group_id type aspen.key,
alter column pathogen_id type aspen.key;

alter table aspen.usher_options
alter column pathogen_id type aspen.key;

comment on table aspen.job_reports is 'Manifests that running jobs submitted, to be registered';
comment on column aspen.replaced_sequences.sequence_checksum is
'SHA-256 of the bases, which the audit log names';
comment on column aspen.replaced_sequences.sequence is
'The bases; null once the time that they are kept is over';
