-- definer because only api_writer may look up identifiers; row-level security holds for it too.
create or replace function internal.samples_left_out(choice jsonb)
returns table (identifier text, reason text)
language plpgsql
stable
security definer
rows 1000
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select chosen.identifier, chosen.reason
    from internal.chosen_samples(samples_left_out.choice) as chosen
    where chosen.reason is not null
    order by chosen.identifier, chosen.sample_id;
end
$$;

comment on function internal.samples_left_out(jsonb) is
'What an export leaves out, for api.samples_left_out, as api_writer';

revoke all on function internal.samples_left_out(jsonb) from public;
grant execute on function internal.samples_left_out(jsonb) to member;
