-- RFC 2104 over the built-in sha256(): PostgreSQL can be built without OpenSSL, and then has no
-- pgcrypto.
create or replace function internal.hmac_sha256(key bytea, message bytea)
returns bytea
language sql
immutable
strict
security invoker
set search_path = ''
as $$
    select sha256(
        string_agg(set_byte('\x00'::bytea, 0, get_byte(block.bytes, positions.position) # 92),
            ''::bytea order by positions.position)
        || sha256(
            string_agg(set_byte('\x00'::bytea, 0, get_byte(block.bytes, positions.position) # 54),
                ''::bytea order by positions.position)
            || message
        )
    )
    from (
        select
            case when length(key) > 64 then sha256(key) else key end
            || decode(repeat('00', 64 - case when length(key) > 64 then 32 else length(key) end),
                'hex') as bytes
    ) as block
    cross join generate_series(0, 63) as positions(position);
$$;

comment on function internal.hmac_sha256(bytea, bytea) is 'HMAC-SHA-256 (RFC 2104, test vectors in RFC 4231)';

revoke all on function internal.hmac_sha256(bytea, bytea) from public;
grant execute on function internal.hmac_sha256(bytea, bytea) to presigner;
