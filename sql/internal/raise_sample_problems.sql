-- definer because internal.fail is out of reach of API roles by name.
create or replace function internal.raise_sample_problems()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    has_rows boolean := coalesce(current_setting('aspen.sample_rows', true), '') <> '';
    problems jsonb := '[' || nullif(concat_ws(',',
        nullif(current_setting('aspen.more_sample_problems', true), ''),
        nullif(current_setting('aspen.sample_problems', true), '')
    ), '') || ']';
    is_conflict boolean := problems @? '$[*] ? (@.reason == "already exists in this group")';
begin
    if problems is not null then
        perform internal.fail(
            case when is_conflict then 409 else 400 end,
            case when is_conflict then 'sample_exists' else 'invalid_sample' end,
            'Nothing was stored: some samples are not usable',
            problems::text,
            'Correct or leave out the named samples and send the whole batch again.'
        );
    end if;
    if not has_rows then
        perform internal.fail(400, 'empty_batch', 'The batch has no samples', null,
            'Send at least one sample.');
    end if;
    perform set_config('aspen.sample_rows', '', true);
    return null;
end
$$;

comment on function internal.raise_sample_problems() is $$Trigger: refuses a batch of samples, naming every problem

Errors: 400 invalid_sample, empty_batch, 409 sample_exists.$$;

revoke all on function internal.raise_sample_problems() from public;

grant create on schema internal to api_writer;
alter function internal.raise_sample_problems() owner to api_writer;
revoke create on schema internal from api_writer;
