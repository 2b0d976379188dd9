-- A text of megabytes would be sent with every list it is in.
-- depends: 0003_create_sample_tables
-- transactional: false

-- Left by a run that was cut off.
-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint if exists samples_texts_length_check;

alter table aspen.samples
add constraint samples_texts_length_check check (
    coalesce(length(sample_collected_by), 0) <= 1000
    and coalesce(length(sample_collector_contact_email), 0) <= 1000
    and coalesce(length(sample_collector_contact_address), 0) <= 1000
    and coalesce(length(organism), 0) <= 1000
    and coalesce(length(host), 0) <= 1000
    and coalesce(length(purpose_of_sampling), 0) <= 1000
    and coalesce(length(specimen_processing), 0) <= 1000
) not valid;

-- In a transaction of its own, as every statement here, so that readers and writers go on.
-- squawk-ignore constraint-missing-not-valid
alter table aspen.samples validate constraint samples_texts_length_check;
