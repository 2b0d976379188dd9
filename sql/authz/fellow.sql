-- definer because members may not read the rows of other users. A column of group_members calls it
-- for each row that is shown; the function repeats whom the caller may see, in case another view
-- calls it.
create or replace function authz.fellow(
    user_id bigint,
    out name aspen.words,
    out email aspen.words,
    out agreed_to_tos aspen.flag,
    out acknowledged_policy_version aspen.day
)
language sql
stable
security definer
set search_path = ''
as $$
    select
        users.name,
        users.email::aspen.words,
        users.agreed_to_tos,
        users.acknowledged_policy_version
    from aspen.users as users
    where
        users.id = fellow.user_id
        and (
            users.id = authz.caller_id()
            or current_setting('role', true) = 'operator'
            or exists (
                select from aspen.memberships as memberships
                where memberships.user_id = users.id
                    and memberships.group_id = any(authz.member_groups())
            )
        );
$$;

comment on function authz.fellow(bigint) is
$$Who a member of a group is

Null for users who are in no group where the caller is directly member or admin, except for operators
and the callers themselves.$$;

revoke all on function authz.fellow(bigint) from public;
grant execute on function authz.fellow(bigint) to member;
