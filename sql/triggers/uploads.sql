create or replace trigger uploads_keep_limit
after insert on aspen.uploads
referencing new table as changed_rows
for each statement
when (current_setting('aspen.moves_group', true) is distinct from 'on')
execute function internal.keep_upload_limit();

create or replace trigger uploads_queue_object_prunes
after delete on aspen.uploads
referencing old table as gone_rows
for each statement
execute function internal.queue_upload_prunes();
