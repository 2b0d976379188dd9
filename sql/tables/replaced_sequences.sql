-- The bases of sequences that were deleted or replaced, so that api.restore_samples can bring
-- them back. Only the trigger of a delete or of a change of bases writes here, so that new
-- sequences cost nothing more. `control db trim-replaced-sequences` empties what is older than the
-- operator keeps; the row stays, so that nobody takes the sample for one without a sequence. It has
-- no foreign key, because a row outlives its sample.
create table aspen.replaced_sequences (
    id bigint generated always as identity constraint replaced_sequences_pkey primary key,
    group_id bigint not null,
    sample_id bigint not null,
    sequence_checksum text not null,
    sequence text,
    sequencing_date aspen.day,
    sequencing_depth aspen.amount,
    stored_at timestamptz not null,
    replaced_at timestamptz not null default now(),
    constraint replaced_sequences_sequence_checksum_form_check
    check (sequence_checksum ~ '^[0-9a-f]{64}$')
);

alter table aspen.replaced_sequences alter column sequence set storage external;

create index replaced_sequences_group_id_sample_id_idx
on aspen.replaced_sequences (group_id, sample_id);

comment on table aspen.replaced_sequences is 'Sequences that were deleted or replaced';
comment on column aspen.replaced_sequences.sequence_checksum is
'SHA-256 of the bases, which the audit log names';
comment on column aspen.replaced_sequences.sequence is
'The bases; null once the time that they are kept is over';
comment on column aspen.replaced_sequences.stored_at is
'When the sample got its first sequence; created_at of the row in sequences';
comment on column aspen.replaced_sequences.replaced_at is
'When it was deleted or replaced';
