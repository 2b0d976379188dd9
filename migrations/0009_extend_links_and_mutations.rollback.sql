-- code: unloaded

-- squawk-ignore-file changing-column-type

alter table aspen.sample_mutations
alter column updated_at type timestamptz;

alter table aspen.share_links
drop column use_count,
drop column last_used_at,
alter column has_usher_safe_ids type boolean,
alter column created_at type timestamptz,
alter column expires_at type timestamptz,
alter column revoked_at type timestamptz;
