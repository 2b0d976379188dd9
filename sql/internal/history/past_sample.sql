create type internal.past_sample as (
    row_number bigint,
    sample_id bigint,
    is_stored boolean,
    sample aspen.samples,
    replaced_sequence_id bigint,
    sequence_is_kept boolean,
    field text,
    reason text
);

comment on type internal.past_sample is $$A sample as it is to be restored

row_number: its place in the batch; is_stored: it exists now; sample: what it was; replaced_sequence_id:
the sequence it had, null if it had none or has it still; reason: why it cannot be restored.$$;
