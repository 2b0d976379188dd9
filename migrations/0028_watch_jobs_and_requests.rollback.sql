-- squawk-ignore-file require-concurrent-index-deletion
alter table aspen.group_limits drop column most_requests_per_day;

drop table aspen.log_positions;

drop table aspen.group_requests;

alter table aspen.jobs drop column traceparent;

drop index aspen.jobs_finished_at_ended_idx;
