-- A name has rules of its own in each caller, which says what is wrong with it in `name_problem`.
create or replace function internal.check_upload(
    field text, name text, name_problem text, size_bytes bigint, most bigint, checksum_sha256 text
)
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    problems json;
begin
    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        (check_upload.field, check_upload.name, case
            when check_upload.name_problem is not null then check_upload.name_problem
            when check_upload.name
                ~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
                then 'must not contain control characters'
        end),
        ('size_bytes', check_upload.size_bytes::text, case
            when check_upload.size_bytes is null
                or check_upload.size_bytes not between 1 and check_upload.most
                then format('must be from 1 to %s', check_upload.most)
        end),
        ('checksum_sha256', check_upload.checksum_sha256, case
            when check_upload.checksum_sha256 is null
                or check_upload.checksum_sha256 !~ '^[0-9a-f]{64}$'
                then 'must be the SHA-256 of the file in 64 hexadecimal digits, lower case'
        end)
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The file is described wrongly',
            problems::text);
    end if;
end
$$;

comment on function internal.check_upload(text, text, text, bigint, bigint, text) is
$$Refuse a file to be sent whose name, size or checksum is wrong

field: how the caller's argument with the name is called. name_problem: what the caller finds wrong
with the name; null if nothing. most: the largest size in bytes. Errors: 400 invalid_argument, which
names every wrong argument.$$;

revoke all on function internal.check_upload(text, text, text, bigint, bigint, text) from public;
grant execute on function internal.check_upload(text, text, text, bigint, bigint, text)
to api_writer, job_runner;
