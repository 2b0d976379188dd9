-- definer because a caller who records an input may not see the sequence.
create or replace function internal.note_sequence_revision()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    select sequences.revision into new.sequence_revision
    from aspen.sequences as sequences
    where sequences.group_id = new.sample_group_id and sequences.sample_id = new.sample_id;
    return new;
end
$$;

comment on function internal.note_sequence_revision() is
'Trigger: set the revision of an input to that of its sequence now';

revoke all on function internal.note_sequence_revision() from public;
