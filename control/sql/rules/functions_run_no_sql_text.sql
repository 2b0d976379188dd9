-- No function runs SQL made at run time: below PostgREST's login, that is every role it can become.
-- Two set settings of the request by statement, because set_config stays on one machine: theirs are
-- read word for word, a constant before the text of numbers in quotation marks, and nothing else in
-- them runs SQL.
select
    functions.oid::regprocedure::text as object,
    'it runs SQL made at run time, with which a caller may become every API role' as problem,
    'write the statement out; choose between several with if or case' as cure
from pg_catalog.pg_proc as functions
where
    -- `case` compares the schema first; PostgreSQL would search the text of all its own functions.
    case
        when
            functions.pronamespace::regnamespace::text ~ '^(aspen|authz|internal|api(_v[0-9]+)?)$'
            and functions.prokind <> 'a'
            -- 'execute' in quotes is the name of a privilege.
            then case
                when
                    functions.oid::regprocedure::text in (
                        'authz.state_groups(bigint[],bigint[],bigint[],bigint[],bigint[])',
                        'authz.state_caller(bigint,bigint,bigint,bigint)'
                    )
                    then regexp_replace(
                        pg_get_functiondef(functions.oid),
                        'execute format\(''set local aspen\.[a-z_]+ = %L'','
                        ' coalesce\([a-z_]+::text, ''''\)\);',
                        '',
                        'g'
                    )
                else replace(pg_get_functiondef(functions.oid), '''execute''', '')
            end
            ~* '\m(execute|query_to_xml\w*|cursor_to_xml\w*|ts_stat|dblink\w*)\M'
    end
