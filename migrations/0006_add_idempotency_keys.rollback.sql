drop table aspen.idempotency_keys;
