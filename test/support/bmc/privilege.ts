/** Privilege levels, rising (IPMI 2.0 table 22-21); the OEM level is not offered. */
const levels = ['callback', 'user', 'operator', 'administrator'] as const;
export type Privilege = (typeof levels)[number];

/** The number that stands for a level on the wire. */
export const privilegeNumber = (privilege: Privilege): number => levels.indexOf(privilege) + 1;

/** Null for a number that stands for no level. */
export const privilegeOf = (level: number): Privilege | null => levels[level - 1] ?? null;

/** Whether a holder of the one may do what needs the other. */
export const suffices = (held: Privilege, needed: Privilege): boolean => levels.indexOf(held) >= levels.indexOf(needed);

export const lower = (one: Privilege, other: Privilege): Privilege => (suffices(one, other) ? other : one);
