-- Puts other groups in the place of the caller's and lets row-level security answer. Whatever goes
-- wrong, the transaction or the subtransaction ends, and what is set here ends with it; so the
-- caller's own groups are back in every case. It has no rights but those of the caller.
create or replace function authz.seen_row(
    resource text,
    id bigint,
    any_groups bigint[],
    full_groups bigint[],
    member_groups bigint[],
    admin_groups bigint[]
)
returns table (
    group_id bigint,
    is_private boolean,
    restricted_until date,
    is_disclosed boolean
)
language plpgsql
volatile
security invoker
rows 1
set search_path = ''
as $$
#variable_conflict use_column
declare
    own_any_groups bigint[] := authz.any_groups();
    own_full_groups bigint[] := authz.full_groups();
    own_direct_groups bigint[]
        := nullif(current_setting('aspen.direct_groups', true), '')::bigint[];
    own_member_groups bigint[] := authz.member_groups();
    own_admin_groups bigint[] := authz.admin_groups();
    own_planned_for text := current_setting('aspen.planned_for', true);
    seen record;
begin
    perform
        authz.set_groups(
            seen_row.any_groups, seen_row.full_groups, '{}', seen_row.member_groups,
            seen_row.admin_groups
        ),
        set_config('aspen.planned_for', '', true);

    select
        found.group_id,
        samples.is_private::boolean as is_private,
        samples.restricted_until::date as restricted_until,
        samples.disclosed_at <= now() as is_disclosed
    into seen
    from (
        select shown.group_id, shown.id as sample_id
        from api.samples as shown
        where seen_row.resource = 'samples' and shown.id = seen_row.id
        union all
        select shown.group_id, shown.sample_id
        from api.sequences as shown
        where seen_row.resource = 'sequences' and shown.id = seen_row.id
        union all
        select shown.group_id, shown.sample_id
        from api.accessions as shown
        where seen_row.resource = 'accessions' and shown.id = seen_row.id
        union all
        select shown.group_id, shown.sample_id
        from api.sample_lineages as shown
        where seen_row.resource = 'sample_lineages' and shown.id = seen_row.id
        union all
        select shown.group_id, shown.sample_id
        from api.sample_qc_metrics as shown
        where seen_row.resource = 'sample_qc_metrics' and shown.id = seen_row.id
        union all
        select shown.group_id, shown.sample_id
        from api.sample_mutations as shown
        where seen_row.resource = 'sample_mutations' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.jobs as shown
        where seen_row.resource = 'jobs' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.job_outputs as shown
        where seen_row.resource = 'job_outputs' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.phylo_runs as shown
        where seen_row.resource = 'phylo_runs' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.phylo_trees as shown
        where seen_row.resource = 'phylo_trees' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.share_links as shown
        where seen_row.resource = 'share_links' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.changes as shown
        where seen_row.resource = 'changes' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.uploads as shown
        where seen_row.resource = 'uploads' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.import_problems as shown
        where seen_row.resource = 'import_problems' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.job_inputs as shown
        where seen_row.resource = 'job_inputs' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.job_schedules as shown
        where seen_row.resource = 'job_schedules' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.submissions as shown
        where seen_row.resource = 'submissions' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.submission_files as shown
        where seen_row.resource = 'submission_files' and shown.id = seen_row.id
        union all
        select shown.group_id, null
        from api.submission_samples as shown
        where seen_row.resource = 'submission_samples' and shown.id = seen_row.id
    ) as found
    left join api.samples as samples
        on found.group_id = samples.group_id and found.sample_id = samples.id;

    perform
        authz.set_groups(
            own_any_groups, own_full_groups, own_direct_groups, own_member_groups,
            own_admin_groups
        ),
        set_config('aspen.planned_for', own_planned_for, true);
    if seen.group_id is not null then
        return query
        select seen.group_id, seen.is_private, seen.restricted_until, seen.is_disclosed;
    end if;
end
$$;

comment on function authz.seen_row(
    text, bigint, bigint[], bigint[], bigint[], bigint[]
) is $$The owner of a row, if somebody with these groups sees it

Of a sample and of what belongs to one also its is_private, its restricted_until and whether viewers see
it now. No row if row-level security shows none.$$;

revoke all on function authz.seen_row(
    text, bigint, bigint[], bigint[], bigint[], bigint[]
) from public;
grant execute on function authz.seen_row(
    text, bigint, bigint[], bigint[], bigint[], bigint[]
) to member;
