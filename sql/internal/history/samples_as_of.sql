-- What a sample was is what it is, with the old values of each later change put back, the latest
-- change first: so the first change after that time has the last word. A sample whose first change
-- is an insert did not exist yet.
-- definer because members may not read all that an entry holds; row-level security holds for
-- api_writer too.
create or replace function internal.samples_as_of(at text, group_id bigint)
returns setof api.samples
language plpgsql
stable
security definer
set search_path = ''
rows 1000
as $$
#variable_conflict use_column
declare
    moment timestamptz := internal.known_moment(samples_as_of.at);
    groups bigint[] := authz.member_groups();
begin
    if samples_as_of.group_id is not null then
        perform authz.require_member(
            samples_as_of.group_id, 'You cannot see the history of this group');
        groups := array[samples_as_of.group_id];
    end if;
    if (
        select count(*)
        from (
            select 1
            from aspen.audit_log as entries
            where entries.group_id = any(groups)
                and entries.table_name = 'samples'
                and entries.occurred_at > moment
            limit 100001
        ) as later
    ) > 100000 then
        perform internal.fail(413, 'batch_too_large', 'Too much has changed since that time',
            json_build_object('at', moment, 'changes_at_most', 100000)::text,
            'Ask for a later time, or for one group.');
    end if;
    return query
    with later as materialized (
        select
            entries.row_id,
            (array_agg(entries.action order by entries.id))[1] as first_action,
            jsonb_object_agg(cells.key, cells.value order by entries.id desc)
            filter (where cells.key is not null) as old_values
        from aspen.audit_log as entries
        left join lateral jsonb_each(entries.old_values) as cells on true
        where entries.group_id = any(groups)
            and entries.table_name = 'samples'
            and entries.occurred_at > moment
        group by entries.row_id
    )

    select past.*
    from aspen.samples as samples
    full join later on samples.id = later.row_id
    cross join lateral jsonb_populate_record(
        null::api.samples, coalesce(to_jsonb(samples), '{}') || coalesce(later.old_values, '{}')
    ) as past
    where later.first_action is distinct from 'insert'
        and (samples.id is null or samples.group_id = any(groups))
        and past.id is not null;
end
$$;

comment on function internal.samples_as_of(text, bigint) is
'The samples of a time for api.samples_as_of, as api_writer';

revoke all on function internal.samples_as_of(text, bigint) from public;
grant execute on function internal.samples_as_of(text, bigint) to member;
