-- The rules that need no other row, in one place for every way a sample comes in.
create or replace function internal.sample_problems(
    private_identifier text,
    public_identifier text,
    collection_date date
)
returns table (field text, value text, reason text)
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    if private_identifier is null or private_identifier !~ '^\S([^\n\r]{0,126}\S)?$' then
        field := 'private_identifier';
        value := left(private_identifier, 200);
        reason := case when coalesce(private_identifier, '') = '' then 'is required'
            else 'must be 1 to 128 characters on one line, without spaces around it' end;
        return next;
    end if;
    if public_identifier <> '' and public_identifier !~ '^\S([^\n\r]{0,126}\S)?$' then
        field := 'public_identifier';
        value := left(public_identifier, 200);
        reason := 'must be 1 to 128 characters on one line, without spaces around it';
        return next;
    end if;
    if collection_date is null or collection_date < '1900-01-01'
        or collection_date > current_date + 1
    then
        field := 'collection_date';
        value := collection_date::text;
        reason := case when collection_date is null then 'is required, as YYYY-MM-DD'
            else 'must be between 1900-01-01 and today' end;
        return next;
    end if;
end
$$;

comment on function internal.sample_problems(text, text, date) is
'What is wrong with the values of a sample, one row per field';

revoke all on function internal.sample_problems(text, text, date) from public;
grant execute on function internal.sample_problems(text, text, date) to api_writer;
