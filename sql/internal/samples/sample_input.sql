-- One entry of a batch of samples between reading and storing. The table's own row type is the
-- composite that names the columns of a sample: a new column is named by sql/tables/samples.sql.
create type internal.sample_input as (
    row_number bigint,
    outcome text,
    sample aspen.samples,
    cells jsonb,
    problems jsonb,
    has_sequence boolean
);

comment on type internal.sample_input is $$An entry of a batch of samples

outcome: created, updated or skipped, or exists where an existing sample is an error. sample: the row
to store, for an existing sample as it was with what the entry names. cells: what the entry names, by
column, null if the entry is no object. problems: [{field, value, reason}] of cells that cannot be
read, or null.$$;
