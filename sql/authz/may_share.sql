-- definer because nobody who calls may read memberships and grants of others. It reads what is
-- stored and not the claims of a token, because a link is used when there is no token.
create or replace function authz.may_share(user_id bigint, group_id bigint)
returns boolean
language sql
stable
security definer
set search_path = ''
as $$
    select exists (
        select
        from aspen.users as users
        where users.id = may_share.user_id and users.disabled_at is null
    )
    and (
        exists (
            select
            from aspen.memberships as memberships
            where memberships.user_id = may_share.user_id
                and memberships.group_id = may_share.group_id
                and memberships.role in ('admin', 'member')
        )
        or exists (
            select
            from aspen.group_grants as grants
            inner join aspen.memberships as memberships
                on grants.grantee_group_id = memberships.group_id
            where grants.group_id = may_share.group_id
                and grants.role in ('admin', 'member')
                and (grants.ends_at is null or grants.ends_at > now())
                and memberships.user_id = may_share.user_id
        )
    );
$$;

comment on function authz.may_share(bigint, bigint) is
$$Whether links of a user to data of a group work

True for an enabled user who is member or admin, directly or by a grant, as stored in memberships
and group_grants at the time of the call.$$;

revoke all on function authz.may_share(bigint, bigint) from public;
grant execute on function authz.may_share(bigint, bigint) to api_writer;
