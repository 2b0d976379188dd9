-- squawk-ignore-file require-concurrent-index-deletion
drop index aspen.jobs_finished_at_ended_idx;
