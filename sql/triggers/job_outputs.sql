create or replace trigger job_outputs_keep_limit_insert
after insert on aspen.job_outputs
referencing new table as changed_rows
for each statement
execute function internal.keep_output_limit();

create or replace trigger job_outputs_keep_limit_update
after update on aspen.job_outputs
referencing old table as old_rows new table as changed_rows
for each statement
execute function internal.keep_output_limit();

create or replace trigger job_outputs_queue_object_prunes
after delete on aspen.job_outputs
referencing old table as gone_rows
for each statement
execute function internal.queue_object_prunes();

create or replace trigger job_outputs_queue_object_prune
after update of bucket, key, version_id on aspen.job_outputs
for each row
when (
    (old.bucket, old.key, old.version_id) is distinct from (new.bucket, new.key, new.version_id)
)
execute function internal.queue_object_prune();
