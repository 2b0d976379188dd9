create or replace function internal.check_hours(hours integer, most integer)
returns void
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    if check_hours.hours is null or check_hours.hours not between 1 and check_hours.most then
        perform internal.fail(400, 'invalid_argument', 'The link is invalid',
            json_build_array(json_build_object('field', 'hours', 'value',
                check_hours.hours::text, 'reason', 'must be 1 to ' || check_hours.most))::text);
    end if;
end
$$;

comment on function internal.check_hours(integer, integer) is $$Refuse a life of a link that is too long

Errors: 400 invalid_argument.$$;

revoke all on function internal.check_hours(integer, integer) from public;
grant execute on function internal.check_hours(integer, integer) to api_writer;
