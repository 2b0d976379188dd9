-- How far the access log of each edge was counted into aspen.group_requests. The position is
-- written by the transaction that writes the counts, so that each line counts once.
create table aspen.log_positions (
    source text constraint log_positions_pkey primary key,
    inode numeric not null default 0,
    byte_offset bigint not null default 0,
    line_bytes bigint not null default 0,
    line_hash text not null default '',
    counted_at timestamptz not null default now(),
    constraint log_positions_source_form_check check (
        char_length(source) <= 500
        and source !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
    ),
    constraint log_positions_line_hash_form_check check (line_hash ~ '^(?:[0-9a-f]{64})?$')
);

comment on table aspen.log_positions is 'How far access logs were counted';
comment on column aspen.log_positions.source is 'Machine and path of the log';
comment on column aspen.log_positions.inode is
'File in which reading goes on; 0 before the first line';
comment on column aspen.log_positions.byte_offset is 'Where it goes on in this file';
comment on column aspen.log_positions.line_bytes is 'Length of the line before';
comment on column aspen.log_positions.line_hash is
'SHA-256 of the line before, by which it is found in a log that was cut; empty before the first';
