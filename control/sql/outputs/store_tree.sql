-- Store a tree; one registered again keeps its id, so that links to it stay valid.
insert into aspen.phylo_trees (
    group_id, job_id, resolved_template_args, document, places, lead_text, tip_count,
    linked_node_count
)
values (
    %(group_id)s,
    %(job_id)s,
    %(resolved_template_args)s,
    %(document)s,
    %(places)s,
    %(lead_text)s,
    %(tip_count)s,
    %(linked_node_count)s
)
on conflict (group_id, job_id) do update
    set
        resolved_template_args = excluded.resolved_template_args,
        document = excluded.document,
        places = excluded.places,
        lead_text = excluded.lead_text,
        tip_count = excluded.tip_count,
        linked_node_count = excluded.linked_node_count
returning id;
