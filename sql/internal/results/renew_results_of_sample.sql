-- definer because results and jobs follow a change of a sample by anyone, whatever that role may
-- do.
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
'Trigger: renew the results of a sample whose pathogen changed';

revoke all on function internal.renew_results_of_sample() from public;
