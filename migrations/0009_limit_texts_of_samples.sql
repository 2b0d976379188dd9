-- A text of megabytes would be sent with every list it is in.
-- depends: 0003_create_sample_tables
-- transactional: false

-- Left by a run that was cut off.
-- squawk-ignore ban-drop-constraint
alter table aspen.samples drop constraint if exists samples_texts_length_check;

alter table aspen.samples
add constraint samples_texts_length_check check (
    length(sample_collected_by) <= 1000
    and length(sample_collector_contact_email) <= 1000
    and length(sample_collector_contact_address) <= 1000
    and length(organism) <= 1000
    and length(host) <= 1000
    and length(purpose_of_sampling) <= 1000
    and length(specimen_processing) <= 1000
) not valid;

-- In a transaction of its own, as every statement here, so that readers and writers go on.
-- squawk-ignore constraint-missing-not-valid
alter table aspen.samples validate constraint samples_texts_length_check;
