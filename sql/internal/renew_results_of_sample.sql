-- definer because results and jobs follow whoever changes a sample, whatever else they may do.
create or replace function internal.renew_results_of_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    perform internal.renew_results(array[new.id]);
    return null;
end
$$;

comment on function internal.renew_results_of_sample() is
'Trigger: a sample of another pathogen has other results and jobs';

revoke all on function internal.renew_results_of_sample() from public;
