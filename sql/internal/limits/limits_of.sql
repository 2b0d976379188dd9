-- Inlined into the statements that compare with it.
create or replace function internal.limits_of(kind text)
returns table (group_id bigint, at_most bigint)
language sql
stable
security invoker
rows 10
begin atomic
    select
        limits.group_id,
        most.at_most
    from aspen.group_limits as limits
    cross join
        lateral (
            select
                case limits_of.kind
                    when 'samples' then limits.most_samples
                    when 'sequence_bytes' then limits.most_sequence_bytes
                    when 'output_bytes' then limits.most_output_bytes
                    when 'upload_bytes' then limits.most_upload_bytes
                end as at_most
        ) as most
    where most.at_most is not null;
end;

comment on function internal.limits_of(text) is
$$What groups may store at most of a kind

kind: samples, sequence_bytes, output_bytes or upload_bytes. Groups without such a limit are left out.$$;

revoke all on function internal.limits_of(text) from public;
grant execute on function internal.limits_of(text) to results_keeper;
