-- Counts only where a group has a limit. Near it, writers of the group wait for one another, so
-- that two do not pass it together: the margin is as much as a batch may have.
-- definer because a caller may see neither all limits nor, through a grant, all samples.
create or replace function internal.keep_sample_limit()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    margin constant integer := 100000;
    limited record;
    stored bigint;
begin
    if not exists (
        select from aspen.group_limits as limits where limits.most_samples is not null
    ) then
        return null;
    end if;
    for limited in
        select limits.group_id, limits.most_samples, added.sample_count
        from (
            select changed_rows.group_id, count(*) as sample_count
            from changed_rows
            group by changed_rows.group_id
        ) as added
        inner join aspen.group_limits as limits
            on added.group_id = limits.group_id
        where limits.most_samples is not null
        order by limits.group_id
    loop
        stored := (
            select count(*) from aspen.samples as samples
            where samples.group_id = limited.group_id
        );
        if stored > limited.most_samples - margin then
            perform pg_advisory_xact_lock(
                hashtextextended('aspen.group_limits.samples', limited.group_id)
            );
            stored := (
                select count(*) from aspen.samples as samples
                where samples.group_id = limited.group_id
            );
        end if;
        if stored > limited.most_samples then
            perform internal.refuse_above_limit(limited.group_id, 'samples',
                limited.most_samples, stored - limited.sample_count, limited.sample_count);
        end if;
    end loop;
    return null;
end
$$;

comment on function internal.keep_sample_limit() is
$$Trigger: refuse samples above the limit of their group

Whichever way they come. The rows are in changed_rows. Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.keep_sample_limit() from public;
