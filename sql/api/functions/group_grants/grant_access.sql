create or replace function api.grant_access(
    group_id bigint,
    grantee text,
    role text default 'viewer',
    ends_at text default null
)
returns setof api.group_grants
language sql
volatile
security invoker
rows 1
begin atomic
    select
        internal.grant_access(
            grant_access.group_id,
            internal.trimmed(grant_access.grantee),
            internal.trimmed(grant_access.role),
            internal.trimmed(grant_access.ends_at)
        );
end;

comment on function api.grant_access(bigint, text, text, text) is
$$Grant another group access to the data of a group

group_id: a group where you are directly admin. grantee: the exact name or prefix of the other group;
upper and lower case count. role: what every user of that group may do with the data: viewer (the
default), member or admin. ends_at: when access ends, a time in ISO 8601 in the future; without it, access
lasts until somebody revokes it. A group has at most one grant of another; change it with PATCH of
group_grants. Returns the grant. Errors: 400 invalid_argument; 403 group_access_denied; 404
group_not_found; 409 grant_exists.$$;

revoke all on function api.grant_access(bigint, text, text, text) from public;
grant execute on function api.grant_access(bigint, text, text, text) to member;
