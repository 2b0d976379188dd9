-- definer because results and jobs follow a change of a sequence by anyone, whatever that role may
-- do.
create or replace function internal.renew_results_of_sequences()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    sample_ids bigint[];
begin
    if tg_op = 'UPDATE' then
        sample_ids := array(
            select changed_rows.sample_id
            from changed_rows
            -- A look-up, not a join: the plan is kept for statements of any size.
            cross join lateral (
                select sequences.revision
                from aspen.sequences as sequences
                where
                    sequences.group_id = changed_rows.group_id
                    and sequences.sample_id = changed_rows.sample_id
                offset 0
            ) as present
            where present.revision <> changed_rows.revision
        );
    else
        sample_ids := array(select changed_rows.sample_id from changed_rows);
    end if;
    if cardinality(sample_ids) > 0 then
        perform internal.renew_results(sample_ids);
    end if;
    return null;
end
$$;

comment on function internal.renew_results_of_sequences() is
$$Trigger: renew the results of sequences that a statement changed

changed_rows holds the new rows of an insert, the old rows of an update or delete.$$;

revoke all on function internal.renew_results_of_sequences() from public;
