-- Of a function that returns json, the whole answer is one value, and may be long.
-- The linter knows no aggregates.
create aggregate authz.json_agg(json) ( -- noqa: PRS
    sfunc = array_append,
    stype = json[],
    finalfunc = authz.noted_answer
);

comment on aggregate authz.json_agg(json) is
'In place of json_agg where the answer is kept (authz.pre_request)';

revoke all on function authz.json_agg(json) from public;
grant execute on function authz.json_agg(json) to member;

create aggregate authz.json_agg(anyelement) ( -- noqa: PRS
    sfunc = authz.answer_with_row,
    stype = json[],
    finalfunc = authz.noted_answer
);

comment on aggregate authz.json_agg(anyelement) is
'In place of json_agg where the answer is kept (authz.pre_request)';

revoke all on function authz.json_agg(anyelement) from public;
grant execute on function authz.json_agg(anyelement) to member;
