create or replace view api.events
with (security_invoker = true)
as
select
    events.id,
    events.group_id,
    events.kind,
    events.row_id,
    events.status,
    events.occurred_at
from aspen.events as events;

comment on view api.events is $$What happened to samples, jobs and trees, to follow it

Ask for id=gt. and the last id that you have: the feed has no gap, because an event gets its id after it is
committed, and ids are in that order. An event says which row it is about; read the row for what it is now.
Everyone sees the events of the rows that they see: viewers not those of private samples, whatever
they were before. Events are kept for at least 90 days, unless the operators say otherwise. webhooks
sends them to you.$$;

comment on column api.events.id is 'Identifier of the event; later events have higher ones';
comment on column api.events.group_id is 'Group that owns the row; see groups in me';
comment on column api.events.kind is $$What happened

sample.created, sample.changed, sample.deleted, job.ended (also a run) or tree.ready. tree.ready comes again when
another attempt of the run replaces the tree.$$;
comment on column api.events.row_id is 'id in samples, jobs or phylo_trees; it may be deleted since';
comment on column api.events.status is $$How the job ended

succeeded, failed, cancelled or timed_out; null for other kinds.$$;
comment on column api.events.occurred_at is 'When the request began that did it';

grant select on api.events to member;
