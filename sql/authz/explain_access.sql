-- The words come from what is stored, the verdict from row-level security (authz.seen_row). The row
-- is looked up with the groups the caller may ask about: those where the caller is admin, or for
-- operators all; so any other row is as if absent. The user's roles in other groups play no part,
-- because every policy compares the group of the row.
create or replace function authz.explain_access(resource text, id bigint, user_id bigint)
returns table (step text, outcome text, explanation text)
language plpgsql
volatile
security invoker
rows 10
set search_path = ''
as $$
#variable_conflict use_column
declare
    moment constant text := 'YYYY-MM-DD HH24:MI "UTC"';
    asks_as_operator boolean := current_setting('role', true) = 'operator';
    groups_asked bigint[] := authz.admin_groups();
    asked record;
    access record;
    owner_name text;
    needs text;
    is_seen boolean;
begin
    needs := case
        when explain_access.resource in (
            'samples', 'accessions', 'sample_lineages', 'sample_qc_metrics', 'sample_mutations'
        ) then 'disclosed'
        when explain_access.resource in ('jobs', 'job_outputs', 'phylo_runs', 'phylo_trees')
            then 'any'
        when explain_access.resource in (
            'sequences', 'share_links', 'uploads', 'import_problems', 'job_inputs', 'submissions',
            'submission_files', 'submission_samples'
        ) then 'full'
        when explain_access.resource in ('changes', 'job_schedules') then 'direct'
    end;
    if needs is null then
        perform authz.fail(400, 'invalid_argument', 'resource is not one that belongs to a group',
            json_build_object('resource', left(explain_access.resource, 200))::text,
            'Send samples, sequences, accessions, sample_lineages, sample_qc_metrics, sample_mutations, jobs, job_outputs, phylo_runs, phylo_trees, share_links, uploads, import_problems, job_inputs, submissions, submission_files, submission_samples, job_schedules or changes.');
    end if;
    if asks_as_operator then
        groups_asked := array(select groups.id from api.groups as groups);
    end if;
    select shown.* into asked
    from authz.seen_row(
        explain_access.resource, explain_access.id, groups_asked, groups_asked, groups_asked,
        groups_asked
    ) as shown;
    if asked.group_id is null then
        perform authz.fail(404, 'row_not_found', 'There is no such row in a group of yours',
            json_build_object('resource', explain_access.resource, 'id', explain_access.id)::text,
            'You may ask about rows of groups where you are directly admin.');
    end if;
    select known.* into access
    from authz.user_access(
        coalesce(explain_access.user_id, authz.caller_id()), asked.group_id
    ) as known;
    if access.role is null and access.grants is null then
        perform authz.fail(404, 'user_not_found', 'There is no such user who has access',
            json_build_object('user_id', explain_access.user_id)::text,
            'Whoever is in neither your group nor one that it grants access sees none of its rows.');
    end if;
    owner_name := (select groups.name from api.groups as groups where groups.id = asked.group_id);
    is_seen := access.disabled_at is null and exists (
        select
        from authz.seen_row(
            explain_access.resource, explain_access.id,
            case when access.sees_any then array[asked.group_id] else '{}' end,
            case when access.sees_full then array[asked.group_id] else '{}' end,
            case when access.is_member then array[asked.group_id] else '{}' end,
            case when access.is_admin then array[asked.group_id] else '{}' end
        ) as shown
    );

    return query
    select
        'user',
        case when access.disabled_at is null then 'allows' else 'denies' end,
        case
            when access.disabled_at is null then 'The user is enabled.'
            when asks_as_operator or access.is_own
                then format('The user is disabled since %s: every request is refused.',
                    to_char(access.disabled_at at time zone 'UTC', moment))
            else 'The user is disabled: every request is refused.'
        end
    union all
    select
        'token', 'note',
        'This is about a token that names no groups. One that does counts instead of memberships,'
        || ' until it expires; what it names is not known here.'
        || case
            when asks_as_operator and access.is_operator
                then ' Of an operator, the weaker role of the two counts.'
            else ''
        end
    union all
    select
        'token', 'note',
        format('Tokens issued before %s are refused: sign in again.',
            to_char(access.tokens_valid_after at time zone 'UTC', moment))
    where access.tokens_valid_after is not null and (asks_as_operator or access.is_own)
    union all
    select
        'operator',
        case when asked.group_id = 0 then 'allows' else 'note' end,
        case
            when asked.group_id = 0
                then 'An operator sees the rows of the platform, with a token of the role operator.'
            else 'An operator sees no rows of a group without a role in it.'
        end
    where asks_as_operator and access.is_operator
    union all
    select
        'membership',
        case when access.role is null then 'denies' else 'allows' end,
        case
            when access.role is null
                then format('The user has no role in %s, which owns the row.', owner_name)
            else format('The user is %s in %s, which owns the row.', access.role, owner_name)
        end
    union all (
        select
            'grant',
            case when given.has_ended then 'denies' else 'allows' end,
            format('%s %s the role %s to %s, where the user has a role%s.',
                owner_name,
                case when given.has_ended then 'granted' else 'grants' end,
                given.role,
                given.grantee,
                case
                    when given.ends_at is null then ''
                    else format(', %s %s',
                        case when given.has_ended then 'and this ended' else 'until' end,
                        to_char(given.ends_at at time zone 'UTC', moment))
                end)
        from jsonb_to_recordset(access.grants) as given(
            grantee text, role text, ends_at timestamptz, has_ended boolean)
        order by given.grantee
    )
    union all
    select
        'grant', 'denies',
        format('%s grants no access to a group where the user has a role.', owner_name)
    where access.grants = '[]'
    union all
    select
        'sample',
        case when asked.is_disclosed or access.sees_full then 'allows' else 'denies' end,
        case
            when asked.is_disclosed
                then 'The sample is neither private nor restricted: viewers see it.'
            when asks_as_operator
                then 'The sample is private or restricted: only members and admins see it.'
            when asked.is_private
                then 'The sample is private: only members and admins see it.'
            else format(
                'The sample is restricted until %s, 00:00 UTC: only members and admins see it.',
                asked.restricted_until)
        end
    where needs = 'disclosed'
    union all
    select
        'rule',
        case
            when case needs
                when 'full' then access.sees_full
                when 'direct' then access.is_member
                when 'disclosed'
                    then access.sees_any and (asked.is_disclosed or access.sees_full)
                else access.sees_any
            end then 'allows'
            else 'denies'
        end,
        format('Who sees rows of %s: %s.', explain_access.resource, case needs
            when 'full' then 'members and admins of the group, direct or by a grant'
            when 'direct' then 'direct members and admins of the group'
            when 'disclosed' then 'members and admins of the group, direct or by a grant, and'
                || ' viewers unless the sample is private or restricted'
            else 'everybody with a role in the group, direct or by a grant'
        end)
    union all
    select
        'verdict',
        case when is_seen then 'visible' else 'hidden' end,
        case
            when not is_seen then 'The user does not see the row.'
            when access.sees_full or explain_access.resource not in (
                'samples', 'jobs', 'job_outputs', 'phylo_runs'
            ) then 'The user sees the row.'
            else 'The user sees the row, without what is for members and admins only.'
        end;
end
$$;

comment on function authz.explain_access(text, bigint, bigint) is
$$Why a user sees a row, or does not, for api.explain_access

Errors: 400 invalid_argument; 404 row_not_found, user_not_found.$$;

revoke all on function authz.explain_access(text, bigint, bigint) from public;
grant execute on function authz.explain_access(text, bigint, bigint) to member;
