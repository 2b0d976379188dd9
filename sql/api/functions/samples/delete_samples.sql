-- 20,000 samples with their sequences take half a minute; the edge waits for one.
-- A custom plan would contain the batch as a constant, copied several times.
create or replace function api.delete_samples(
    group_id bigint,
    ids json default null,
    identifiers json default null
)
returns json
language sql
volatile
security invoker
set statement_timeout = '50s'
set plan_cache_mode = 'force_generic_plan'
begin atomic
    select internal.delete_samples(
        delete_samples.group_id, delete_samples.ids, delete_samples.identifiers
    );
end;

comment on function api.delete_samples(bigint, json, json) is
$$Delete many samples at once

All or nothing, with their sequences and results; trees keep their public identifiers. group_id: a
group where you are member or admin, directly or by a grant. ids: an array of ids of its samples.
identifiers: an array of their private or public identifiers, exactly as stored. Together at most
20,000, each sample once. Returns what was deleted, ids first, as [{id, private_identifier,
public_identifier}]. Errors name every sample that the group does not have, in details: 400
invalid_sample, empty_batch, invalid_argument; 403 group_access_denied; 404 sample_not_found if
nothing else is wrong; 409 sample_exists if other requests keep changing the samples; 413
batch_too_large.$$;

revoke all on function api.delete_samples(bigint, json, json) from public;
grant execute on function api.delete_samples(bigint, json, json) to member;
