create domain aspen.moment as timestamptz;

comment on domain aspen.moment is 'A moment, written in ISO 8601';
