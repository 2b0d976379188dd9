-- A custom plan would contain the batch as a constant, copied several times.
create or replace function api.update_samples(group_id bigint, samples json)
returns json
language sql
volatile
security invoker
set plan_cache_mode = 'force_generic_plan'
begin atomic
    select internal.update_samples(update_samples.group_id, update_samples.samples);
end;

comment on function api.update_samples(bigint, json) is
$$Change many samples at once

All or nothing. group_id: a group where you are member or admin, directly or by a grant. samples: an
array of at most 20,000 objects. Each names a sample of the group by id, or by identifier: its
private or public identifier, exactly as stored. Its other keys are columns of samples,
sequencing_date and sequencing_depth of its sequence, and names of a location as in create_samples: a
column that it does not name stays, null clears it, and an empty public_identifier is generated again.
Lineages, quality metrics and accessions stay as they are: pathogen_id and sequence are not changed
here. Identifiers may pass from one sample of the batch to another. Returns, in the given order,
[{id, private_identifier, public_identifier}] as they are now. Errors name every row in details: 400
invalid_sample, empty_batch, invalid_argument; 403 group_access_denied; 404 sample_not_found if rows
are unknown and nothing else is wrong; 409 sample_exists; 413 batch_too_large.$$;

revoke all on function api.update_samples(bigint, json) from public;
grant execute on function api.update_samples(bigint, json) to member;
