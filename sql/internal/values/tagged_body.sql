-- The tag is a hash of the answer, because a tree changes with the names of its samples and with
-- what the caller may see. It saves the way to the client, not the work. No checksum against
-- forgers is needed, and this one takes a quarter of the time of md5, which took a fifth of that of
-- a tree. The edge marks the tag of a compressed answer as weak, so both forms match.
create or replace function internal.tagged_body(body text)
returns text
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    tag text := '"' || to_hex(hashtextextended(body, 0)) || '"';
    known text[] := regexp_split_to_array(
        nullif(current_setting('request.headers', true), '')::json ->> 'if-none-match',
        '\s*,\s*(W/)?|^\s*W/|\s+$'
    );
begin
    if current_setting('request.method', true) not in ('GET', 'HEAD') then
        return body;
    end if;
    perform set_config(
        'response.headers',
        (
            coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb
            || jsonb_build_array(
                jsonb_build_object('ETag', tag),
                jsonb_build_object('Cache-Control', 'private, no-cache'),
                jsonb_build_object('Vary', 'Authorization, Origin')
            )
        )::text,
        true
    );
    if tag = any(known) or '*' = any(known) then
        perform set_config('response.status', '304', true);
        return '';
    end if;
    return body;
end
$$;

comment on function internal.tagged_body(text) is
$$The body of an answer, or nothing if the client has it already

Sets ETag and compares it with If-None-Match: then the status is 304. For GET and HEAD.$$;

revoke all on function internal.tagged_body(text) from public;
grant execute on function internal.tagged_body(text) to member, api_writer;
