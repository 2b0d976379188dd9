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
'Numbers in a version, to compare: PUSHER-v1.29 gives {1,29}';

revoke all on function internal.version_numbers(text) from public;
