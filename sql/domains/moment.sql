create domain aspen.moment as timestamptz;

comment on domain aspen.moment is 'A point in time, written in ISO 8601: 2024-02-29T10:00:00Z';
