-- How many requests people and programs of a group sent, by day of UTC. control metrics serve
-- counts them in the access log of the edge: a request that writes a row for each group would make
-- all requests of a group wait for one another.
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
