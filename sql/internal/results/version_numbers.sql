create or replace function internal.version_numbers(version text)
returns bigint[]
language sql
immutable
security invoker
set search_path = ''
as $$
    select array(
        select found.digits[1]::bigint
        from regexp_matches(version_numbers.version, '[0-9]{1,15}', 'g')
            with ordinality as found (digits, position)
        order by found.position
    );
$$;

comment on function internal.version_numbers(text) is
'The numbers in a version, which compare as versions do: PUSHER-v1.29 is {1,29}';

revoke all on function internal.version_numbers(text) from public;
