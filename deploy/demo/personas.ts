/** Who plays in the demo and in the tests: a user of domain Default with one role on one project. */
export interface Persona {
  readonly name: string;
  readonly role: 'admin' | 'manager' | 'member' | 'reader';
  readonly project: 'alpha' | 'beta';
}

/** `admin` is Keystone's own first user, who is also admin of the project admin and of the system. */
export const personas: readonly Persona[] = [
  { name: 'admin', role: 'admin', project: 'alpha' },
  { name: 'alice', role: 'admin', project: 'alpha' },
  { name: 'bob', role: 'member', project: 'alpha' },
  { name: 'carol', role: 'reader', project: 'alpha' },
  { name: 'erin', role: 'manager', project: 'alpha' },
  { name: 'mallory', role: 'member', project: 'beta' },
];

/** The passwords of the demo are no secrets. */
export const passwordOf = (user: string): string => `${user}pw`;

export const region = 'RegionOne';
