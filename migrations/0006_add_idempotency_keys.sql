-- Remembers requests with an Idempotency-Key, so that none is executed twice.
-- depends: 0005_add_search_and_prunes

create table aspen.idempotency_keys (
    subject text not null,
    key_hash bytea not null,
    path text not null,
    request_hash bytea,
    role_name text not null,
    any_groups bigint[] not null,
    full_groups bigint[] not null,
    status integer,
    headers jsonb,
    body text,
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (subject, key_hash),
    constraint idempotency_keys_hashes_length_check check (
        octet_length(key_hash) = 32 and octet_length(request_hash) = 32
    ),
    constraint idempotency_keys_role_name_check check (role_name in ('member', 'operator')),
    constraint idempotency_keys_status_range_check check (status between 200 and 299),
    constraint idempotency_keys_answer_is_whole_check check (
        (status is null) = (body is null) and (status is null) = (headers is null)
    ),
    constraint idempotency_keys_body_length_check check (char_length(body) <= 16000000),
    constraint idempotency_keys_texts_form_check check (
        subject !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        and path !~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
    )
);

-- squawk-ignore require-concurrent-index-creation
create index idempotency_keys_created_at_idx on aspen.idempotency_keys (created_at);

comment on table aspen.idempotency_keys is
'Requests with an Idempotency-Key, and their answers, for 24 hours';
comment on column aspen.idempotency_keys.subject is 'The claim sub of who sent the request';
comment on column aspen.idempotency_keys.key_hash is 'SHA-256 of the key';
comment on column aspen.idempotency_keys.request_hash is
'SHA-256 of URL, headers and body, from the edge; null without it';
comment on column aspen.idempotency_keys.any_groups is
'Groups that the caller saw; whoever sees less now is not shown the answer';
comment on column aspen.idempotency_keys.full_groups is
'Groups in which the caller was member or admin, directly or by a grant';
comment on column aspen.idempotency_keys.status is
'Status of the answer; null if the answer is not kept';
comment on column aspen.idempotency_keys.headers is 'Headers of the answer, as PostgREST takes them';
comment on column aspen.idempotency_keys.body is
'The answer, without links and tokens that are shown once';
