-- Reads all identifiers of the batch at once, so that samples that swap theirs do not clash.
create or replace function internal.past_sample_problems(
    group_id bigint,
    samples internal.past_sample[]
)
returns table (
    kind text,
    row_number bigint,
    private_identifier text,
    field text,
    value text,
    reason text
)
language sql
stable
security invoker
set search_path = ''
set enable_seqscan = 'off'
set enable_hashjoin = 'off'
set enable_mergejoin = 'off'
as $$
    select
        case
            when past.reason like 'exists%' then 'clash'
            when past.reason = 'its sequence is no longer kept' then 'gone'
            else 'unknown'
        end,
        past.row_number,
        (past.sample).private_identifier,
        past.field,
        past.sample_id::text,
        past.reason
    from unnest(past_sample_problems.samples) as past
    where past.reason is not null
    union all
    select
        'clash',
        past.row_number,
        (past.sample).private_identifier,
        named.field,
        named.value,
        'already exists in this group'
    from unnest(past_sample_problems.samples) as past
    cross join lateral (
        values
        ('private_identifier', (past.sample).private_identifier),
        ('public_identifier', (past.sample).public_identifier)
    ) as named(field, value)
    cross join lateral (
        select holders.id
        from aspen.samples as holders
        where named.field = 'private_identifier'
            and holders.private_identifier = named.value
            and holders.group_id + 0 = past_sample_problems.group_id
        union all
        select holders.id
        from aspen.samples as holders
        where named.field = 'public_identifier'
            and holders.public_identifier = named.value
            and holders.group_id + 0 = past_sample_problems.group_id
    ) as holder
    where past.reason is null
        and holder.id <> all(array(
            select restored.sample_id from unnest(past_sample_problems.samples) as restored
        ))
    union all
    select
        'clash',
        past.row_number,
        (past.sample).private_identifier,
        named.field,
        named.value,
        'was that of another sample of this batch as well'
    from (
        select
            past.*,
            count(*) over (partition by (past.sample).private_identifier) as private_count,
            count(*) over (partition by (past.sample).public_identifier) as public_count
        from unnest(past_sample_problems.samples) as past
        where past.reason is null
    ) as past
    cross join lateral (
        values
        ('private_identifier', (past.sample).private_identifier, past.private_count),
        ('public_identifier', (past.sample).public_identifier, past.public_count)
    ) as named(field, value, holder_count)
    where named.holder_count > 1
    union all
    select
        'clash',
        past.row_number,
        (past.sample).private_identifier,
        named.field,
        named.value::text,
        'no longer exists'
    from unnest(past_sample_problems.samples) as past
    cross join lateral (
        values
        (
            'location_id', (past.sample).location_id::bigint,
            exists (
                select from aspen.locations as locations
                where locations.id = (past.sample).location_id
            )
        ),
        (
            'pathogen_id', (past.sample).pathogen_id::bigint,
            exists (
                select from aspen.pathogens as pathogens
                where pathogens.id = (past.sample).pathogen_id
            )
        )
    ) as named(field, value, is_there)
    where past.reason is null and not named.is_there;
$$;

comment on function internal.past_sample_problems(bigint, internal.past_sample[]) is
$$Why samples cannot be restored

kind: unknown for a sample that is not there, clash for one that is or whose identifier is, gone for a
sequence that is no longer kept.$$;

revoke all on function internal.past_sample_problems(bigint, internal.past_sample[]) from public;
grant execute on function internal.past_sample_problems(bigint, internal.past_sample[])
to api_writer;
