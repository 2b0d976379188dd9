-- PostgreSQL has no way to collect records in an array as it goes without copying it (array_append
-- takes no anyelement), so the time is quadratic and the number of rows is bounded.
create or replace function authz.answer_with_row(answer json[], added anyelement)
returns json[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    if cardinality(answer) >= 1000 or pg_column_size(answer) > 2000000 then
        perform authz.fail(413, 'answer_too_large',
            'With an Idempotency-Key, an answer has at most 1,000 rows and 2 MB',
            json_build_object('rows', cardinality(answer) + 1)::text,
            'Nothing was stored. Send Prefer: return=minimal, or the rows in parts.');
    end if;
    return array_append(answer, to_json(added));
end
$$;

comment on function authz.answer_with_row(json[], anyelement) is $$Add a row to an answer that is kept

Errors: 413 answer_too_large.$$;

revoke all on function authz.answer_with_row(json[], anyelement) from public;
grant execute on function authz.answer_with_row(json[], anyelement) to member;
