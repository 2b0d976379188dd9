-- Answers alike whether the group does not exist, is out of sight or the role in it is too weak, so
-- that nobody learns which groups there are. It has no `set` clause, so that it is inlined: some
-- triggers call it for every row, which costs 2 µs where they keep their plans (`set
-- plan_cache_mode = 'force_generic_plan'`) and 30 µs where they do not. Names in the body were
-- bound when it was created, so a caller needs usage of authz only.
create or replace function authz.require_member(
    group_id bigint,
    message text,
    needs text default 'direct'
)
returns boolean
language sql
volatile
security invoker
begin atomic
    select
        (
            case require_member.needs
                when 'any' then require_member.group_id = any(authz.any_groups())
                when 'direct' then require_member.group_id = any(authz.member_groups())
                when 'full' then require_member.group_id = any(authz.full_groups())
                when 'admin' then require_member.group_id = any(authz.admin_groups())
            end
        ) is true
        or internal.fail(
            403,
            'group_access_denied',
            require_member.message,
            json_build_object('group_id', require_member.group_id)::text,
            case require_member.needs
                when 'any' then 'Any role is needed, direct or granted.'
                when 'direct' then 'A direct role of member or admin is needed.'
                when 'full' then 'A role of member or admin is needed.'
                else 'A direct role of admin is needed.'
            end
        );
end;

comment on function authz.require_member(bigint, text, text) is
$$Refuse a caller whose role in a group is too weak

needs: any (any role, direct or granted), direct (a direct role of member or admin; the default),
full (member or admin, direct or granted) or admin (directly admin). message is fixed text for the
client. Returns true.
Errors: 403 group_access_denied.$$;

revoke all on function authz.require_member(bigint, text, text) from public;
grant execute on function authz.require_member(bigint, text, text) to member, api_writer, registrar;
