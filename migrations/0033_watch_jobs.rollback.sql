-- squawk-ignore-file require-concurrent-index-deletion
alter table aspen.jobs drop column traceparent;

drop index aspen.jobs_finished_at_ended_idx;
