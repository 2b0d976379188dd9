-- Without a time, a sample is what its deletion recorded; with one, see internal.samples_as_of.
-- Each row is found by its key; the settings keep it so, whatever the tables held when the plan was
-- made. A sequence was there if the sample had one before that time; the first one replaced after
-- it is the one it had.
create or replace function internal.past_samples(
    group_id bigint,
    ids bigint[],
    moment timestamptz
)
returns internal.past_sample[]
language plpgsql
stable
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
set enable_seqscan = 'off'
set enable_hashjoin = 'off'
set enable_mergejoin = 'off'
as $$
#variable_conflict use_column
begin
    return array(
        select row(
            given.position,
            given.id,
            stored.id is not null,
            jsonb_populate_record(stored.sample, past.old_values),
            lost.id,
            lost.id is null or lost.is_kept,
            'id',
            case
                when stored.id is null and past.any_action is null
                    then 'is not a sample of this group'
                when moment is null and stored.id is not null
                    then 'exists; name a time to bring back what it was'
                when past.first_action = 'insert'
                    then 'did not exist at that time'
                when stored.id is null and past.first_action is null
                    then 'was deleted before that time'
                when stored.id is null and past.old_values is null
                    then 'was deleted before values were kept'
                when lost.id is not null and not lost.is_kept
                    then 'its sequence is no longer kept'
            end
        )::internal.past_sample
        from unnest(ids) with ordinality as given(id, position)
        left join lateral (
            select samples.id, samples as sample
            from aspen.samples as samples
            where samples.id = given.id
                and samples.group_id + 0 = past_samples.group_id
        ) as stored on true
        left join lateral (
            select entries.occurred_at
            from aspen.audit_log as entries
            where moment is null
                and entries.table_name = 'samples'
                and entries.row_id = given.id
                and entries.group_id + 0 = past_samples.group_id
                and entries.action = 'delete'
            order by entries.id desc
            limit 1
        ) as deletion on true
        cross join lateral (
            select
                max(entries.action) as any_action,
                (array_agg(entries.action order by entries.id) filter (where entries.is_later))[1]
                as first_action,
                jsonb_object_agg(cells.key, cells.value order by entries.id desc)
                filter (where cells.key is not null) as old_values
            from (
                select
                    recorded.id,
                    recorded.action,
                    recorded.old_values,
                    case
                        when moment is null then recorded.action = 'delete'
                            and recorded.occurred_at = deletion.occurred_at
                        else recorded.occurred_at > moment
                    end as is_later
                from aspen.audit_log as recorded
                where recorded.table_name = 'samples'
                    and recorded.row_id = given.id
                    and recorded.group_id + 0 = past_samples.group_id
            ) as entries
            left join lateral jsonb_each(
                case when entries.is_later then entries.old_values end
            ) as cells on true
        ) as past
        left join lateral (
            select
                replaced.id,
                replaced.sequence is not null as is_kept,
                replaced.stored_at
            from aspen.replaced_sequences as replaced
            where replaced.group_id = past_samples.group_id
                and replaced.sample_id = given.id
                and case
                    when moment is null then replaced.replaced_at = deletion.occurred_at
                    else replaced.replaced_at > moment
                end
            order by case when moment is null then - replaced.id else replaced.id end
            limit 1
        ) as first_lost on true
        left join lateral (
            select first_lost.id, first_lost.is_kept
            where moment is null or first_lost.stored_at <= moment
        ) as lost on true
        order by given.position
    );
end
$$;

comment on function internal.past_samples(bigint, bigint[], timestamptz) is
$$Samples as they were at a time, or when they were deleted

moment: null for when they were deleted. Says of each that cannot be restored why.$$;

revoke all on function internal.past_samples(bigint, bigint[], timestamptz) from public;
grant execute on function internal.past_samples(bigint, bigint[], timestamptz) to api_writer;
