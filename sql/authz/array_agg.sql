-- PostgREST makes the filter of Location with array_agg.
-- The linter knows no aggregates.
create aggregate authz.array_agg(text) ( -- noqa: PRS
    sfunc = array_append,
    stype = text[],
    finalfunc = authz.noted_location
);

comment on aggregate authz.array_agg(text) is
'In place of array_agg where the answer is kept (authz.pre_request)';

revoke all on function authz.array_agg(text) from public;
grant execute on function authz.array_agg(text) to member;
