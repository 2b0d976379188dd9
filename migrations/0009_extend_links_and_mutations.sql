-- Shows groups how often their links are used, and clients the mutations of samples.
-- depends: 0008_add_restricted_until
-- code: unloaded

-- squawk-ignore-file changing-column-type

-- A domain without a constraint is stored like its type, so that no table is written again.
alter table aspen.share_links
alter column has_usher_safe_ids type aspen.flag,
alter column created_at type aspen.moment,
alter column expires_at type aspen.moment,
alter column revoked_at type aspen.moment,
add column last_used_at aspen.moment,
add column use_count bigint not null default 0;

comment on column aspen.share_links.last_used_at is 'When the link was last used; null if it was not';
comment on column aspen.share_links.use_count is 'How often the link was used';

alter table aspen.sample_mutations
alter column updated_at type aspen.moment;
