-- 20,000 samples with their sequences take half a minute; the edge waits for one.
create or replace function api.restore_samples(
    group_id bigint,
    ids json,
    at text default null
)
returns json
language sql
volatile
security invoker
set statement_timeout = '50s'
begin atomic
    select internal.restore_samples(
        restore_samples.group_id, restore_samples.ids, restore_samples.at
    );
end;

comment on function api.restore_samples(bigint, json, text) is $$Bring deleted or changed samples back

All or nothing, with their sequences. group_id: a group where you are directly member or admin. ids: an
array of at most 20,000 ids of its samples; changes names those of deleted samples. at: a time in ISO
8601; the samples become what they were then, whether they were changed or deleted since, and a sequence
that a sample got only later stays. Without it, deleted samples become what they were when they were
deleted. Results are computed again. Returns [{id, private_identifier, public_identifier, was_deleted,
has_restored_sequence}]. Errors name every sample that cannot be restored, in details: 400
invalid_argument, invalid_sample, empty_batch, history_unknown; 403 group_access_denied; 404
sample_not_found if nothing else is wrong; 409 sample_exists if an identifier was given to another sample
or a sample is not deleted; 410 sequence_not_kept if the time that replaced sequences are kept is over;
413 batch_too_large, group_limit_exceeded.$$;

revoke all on function api.restore_samples(bigint, json, text) from public;
grant execute on function api.restore_samples(bigint, json, text) to member;
