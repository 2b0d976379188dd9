-- definer because members may not look groups up by name; row-level security applies to api_writer
-- as well.
create or replace function internal.grant_access(
    group_id bigint,
    grantee text,
    role text,
    ends_at text
)
returns setof api.group_grants
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    end_of_grant timestamptz := internal.parse_moment(grant_access.ends_at);
    problems json;
    grantee_id bigint;
    grant_id bigint;
begin
    perform authz.require_member(
        grant_access.group_id, 'You cannot grant access to this group', 'admin');
    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('grantee', grant_access.grantee, case
            when grant_access.grantee is null then 'is required'
        end),
        ('role', grant_access.role, case
            when coalesce(grant_access.role, '') not in ('admin', 'member', 'viewer')
                then 'must be admin, member or viewer'
        end),
        ('ends_at', grant_access.ends_at, case
            when grant_access.ends_at is null then null
            when end_of_grant is null
                then 'must be a time in ISO 8601, like 2026-01-31T12:00:00Z'
            when end_of_grant <= now() then 'must be in the future'
        end)
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The grant is invalid', problems::text);
    end if;

    -- A prefix may be the name of another group; the name counts.
    select groups.id into grantee_id
    from aspen.groups as groups
    where grant_access.grantee in (groups.name, groups.prefix) and groups.id <> 0
    order by (groups.name = grant_access.grantee) desc
    limit 1;
    if grantee_id is null then
        perform internal.fail(404, 'group_not_found', 'There is no such group',
            json_build_object('grantee', left(grant_access.grantee, 200))::text,
            'Give the exact name or prefix of the group; its members find the name in me.');
    end if;
    if grantee_id = grant_access.group_id then
        perform internal.fail(400, 'invalid_argument', 'The grant is invalid',
            json_build_array(json_build_object('field', 'grantee', 'value',
                left(grant_access.grantee, 200), 'reason', 'must be another group'))::text);
    end if;

    insert into aspen.group_grants (group_id, grantee_group_id, role, ends_at, granted_by_id)
    values (
        grant_access.group_id, grantee_id, grant_access.role, end_of_grant, authz.caller_id()
    )
    on conflict (group_id, grantee_group_id) do nothing
    returning id into grant_id;
    if grant_id is null then
        perform internal.fail(409, 'grant_exists', 'The group has access already, or had it',
            (
                select json_build_object('id', grants.id, 'role', grants.role, 'ends_at',
                    grants.ends_at)::text
                from aspen.group_grants as grants
                where grants.group_id = grant_access.group_id
                    and grants.grantee_group_id = grantee_id
            ),
            'Change role or ends_at of the grant with PATCH.');
    end if;
    return query select grants.* from api.group_grants as grants where grants.id = grant_id;
end
$$;

comment on function internal.grant_access(bigint, text, text, text) is
'Grant another group access for api.grant_access, as api_writer';

revoke all on function internal.grant_access(bigint, text, text, text) from public;
grant execute on function internal.grant_access(bigint, text, text, text) to member;
