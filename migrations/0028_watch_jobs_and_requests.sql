-- Finds the jobs that ended lately, gives jobs the trace of their request, and counts requests.
-- depends: 0027_limit_stored_bytes
-- A second for a million jobs, so not worth a migration that is not transactional.
-- squawk-ignore-file require-concurrent-index-creation, constraint-missing-not-valid
-- squawk-ignore-file adding-field-with-default

create index jobs_finished_at_ended_idx
on aspen.jobs (finished_at) where finished_at is not null;

alter table aspen.jobs
add column traceparent text default nullif(current_setting('aspen.traceparent', true), '')
constraint jobs_traceparent_form_check
check (traceparent ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');

comment on column aspen.jobs.traceparent is
'Trace of the request that queued the job, as W3C writes it; null if no request did';

create table aspen.group_requests (
    group_id bigint not null constraint group_requests_group_id_fkey
    references aspen.groups (id) on delete cascade,
    day date not null,
    request_count bigint not null,
    constraint group_requests_pkey primary key (group_id, day),
    constraint group_requests_count_is_positive_check check (request_count > 0)
);

comment on table aspen.group_requests is 'Requests of groups by day';
comment on column aspen.group_requests.day is 'Day of the request, in UTC';
comment on column aspen.group_requests.request_count is
'Requests of those who have a role in the group; one of somebody in two groups counts in both';

create table aspen.log_positions (
    source text constraint log_positions_pkey primary key,
    inode numeric not null default 0,
    byte_offset bigint not null default 0,
    line_bytes bigint not null default 0,
    line_hash text not null default '',
    counted_at timestamptz not null default now(),
    constraint log_positions_source_form_check check (
        char_length(source) <= 500
        and source !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
    ),
    constraint log_positions_line_hash_form_check check (line_hash ~ '^(?:[0-9a-f]{64})?$')
);

comment on table aspen.log_positions is 'How far access logs were counted';
comment on column aspen.log_positions.source is 'Machine and path of the log';
comment on column aspen.log_positions.inode is
'File in which reading goes on; 0 before the first line';
comment on column aspen.log_positions.byte_offset is 'Where it goes on in this file';
comment on column aspen.log_positions.line_bytes is 'Length of the line before';
comment on column aspen.log_positions.line_hash is
'SHA-256 of the line before, by which it is found in a log that was cut; empty before the first';

alter table aspen.group_limits
add column most_requests_per_day bigint
constraint group_limits_most_requests_per_day_check check (most_requests_per_day >= 0);

comment on column aspen.group_limits.most_requests_per_day is
'Requests of a day of UTC, as control metrics serve counts them; null for any number';
