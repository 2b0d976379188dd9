-- Cancel the jobs that had not ended when they were exported: no worker here knows them.
update pg_temp.archived_jobs
set
    status = 'cancelled',
    error = 'it had not ended when its group was exported, and the group was imported here',
    due_at = null,
    finished_at = greatest(now(), started_at)
where status in ('queued', 'running');
