create or replace function internal.known_moment(value text)
returns timestamptz
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    moment timestamptz := internal.parse_moment(internal.trimmed(value));
begin
    if moment is null then
        perform internal.fail(400, 'invalid_argument', 'at must be a time',
            json_build_array(json_build_object('field', 'at', 'value', left(value, 200),
                'reason', 'must be a time in ISO 8601, like 2026-01-31T12:00:00Z'))::text);
    elsif moment < internal.history_start() then
        perform internal.fail(400, 'history_unknown', 'The history does not reach back so far',
            json_build_object('at', moment, 'known_since', internal.history_start())::text,
            'Ask for known_since or a later time.');
    end if;
    return moment;
end
$$;

comment on function internal.known_moment(text) is $$A time of which the history tells

Errors: 400 invalid_argument, history_unknown.$$;

revoke all on function internal.known_moment(text) from public;
grant execute on function internal.known_moment(text) to api_writer;
