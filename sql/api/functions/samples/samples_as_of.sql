create or replace function api.samples_as_of(at text, group_id bigint default null)
returns setof api.samples
language sql
stable
security invoker
rows 1000
begin atomic
    select internal.samples_as_of(samples_as_of.at, samples_as_of.group_id);
end;

comment on function api.samples_as_of(text, bigint) is $$The samples of your groups as they were at a time

Rows like those of samples, also of samples that were deleted since; filter, select and order them alike.
at: a time in ISO 8601. group_id: a group where you are directly member or admin; without it, all such
groups. Answers at most 100,000 later changes. Errors: 400 invalid_argument, history_unknown; 403
group_access_denied; 413 batch_too_large.$$;

revoke all on function api.samples_as_of(text, bigint) from public;
grant execute on function api.samples_as_of(text, bigint) to member;
