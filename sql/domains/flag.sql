create domain aspen.flag as boolean;

comment on domain aspen.flag is 'A boolean, written true or false';
