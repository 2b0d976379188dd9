-- Lets metrics read the jobs that ended lately, without those of all years.
-- depends: 0026_add_group_limits
-- A second for a million jobs, so not worth a migration that is not transactional.
-- squawk-ignore-file require-concurrent-index-creation

create index jobs_finished_at_ended_idx
on aspen.jobs (finished_at) where finished_at is not null;
