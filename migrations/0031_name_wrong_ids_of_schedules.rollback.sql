-- code: unloaded

comment on table aspen.job_reports is 'Manifests that running jobs handed in, to be registered';
comment on column aspen.replaced_sequences.sequence_checksum is
'SHA-256 of the letters, which the audit log names';
comment on column aspen.replaced_sequences.sequence is
'The letters; null once the time that they are kept is over';

alter table aspen.usher_options
alter column pathogen_id type bigint;

alter table aspen.job_schedules
alter column group_id type bigint,
alter column pathogen_id type bigint;
