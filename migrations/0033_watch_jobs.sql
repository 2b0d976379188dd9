-- Lets metrics read the jobs that ended lately, without those of all years, and jobs carry on the
-- trace of the request that queued them.
-- depends: 0026_add_group_limits
-- A second for a million jobs, so not worth a migration that is not transactional.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid, adding-field-with-default

create index jobs_finished_at_ended_idx
on aspen.jobs (finished_at) where finished_at is not null;

alter table aspen.jobs
add column traceparent text default nullif(current_setting('aspen.traceparent', true), '')
constraint jobs_traceparent_form_check
check (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');

comment on column aspen.jobs.traceparent is
'Trace of the request that queued the job, as W3C writes it; null if no request did';
