-- definer because members may not read the rows of other groups. A column of group_grants calls it
-- for each row that is shown; the function repeats whom the caller deals with, in case another view
-- calls it.
create or replace function authz.grant_party(group_id bigint)
returns aspen.words
language sql
stable
security definer
set search_path = ''
as $$
    select groups.name
    from aspen.groups as groups
    where
        groups.id = grant_party.group_id
        and (
            groups.id = any(authz.any_groups())
            or current_setting('role', true) = 'operator'
            or exists (
                select from aspen.group_grants as grants
                where grants.grantee_group_id = groups.id
                    and grants.group_id = any(authz.member_groups())
            )
        );
$$;

comment on function authz.grant_party(bigint) is
$$The name of a group that gives or receives a grant

Null for groups that the caller does not see and to which no group grants access where the caller is
directly member or admin, except for operators.$$;

revoke all on function authz.grant_party(bigint) from public;
grant execute on function authz.grant_party(bigint) to member, api_writer;
