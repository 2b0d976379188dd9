-- stored: what the group had before the request.
create or replace function internal.refuse_above_limit(
    group_id bigint,
    kind text,
    at_most bigint,
    stored numeric,
    added numeric
)
returns boolean
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    return internal.fail(413, 'group_limit_exceeded',
        'The group would have more than it may have',
        json_build_object('group_id', group_id, 'of', kind, 'at_most', at_most,
            'stored', stored, 'added', added)::text,
        'Delete some, or ask the operators for more.');
end
$$;

comment on function internal.refuse_above_limit(bigint, text, bigint, numeric, numeric) is
$$Refuse a request with the numbers of its group

Errors: 413 group_limit_exceeded.$$;

revoke all on function internal.refuse_above_limit(
    bigint, text, bigint, numeric, numeric
) from public;
grant execute on function internal.refuse_above_limit(
    bigint, text, bigint, numeric, numeric
) to results_keeper;
