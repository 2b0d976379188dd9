drop table aspen.rejected_notifications;
drop index aspen.object_prunes_bucket_key_idx;
