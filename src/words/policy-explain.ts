import { parseArgs } from 'node:util';
import { readPolicyFile } from '../adapters/policy-file.ts';
import { plain } from '../cli/screen.ts';
import type { Identity } from '../domain/caller.ts';
import { Fault } from '../domain/fault.ts';
import type { Ruleset } from '../domain/policy-clauses.ts';
import { explain, type Explained } from '../domain/policy-explain.ts';
import { isSeen, personas } from '../domain/policy-personas.ts';
import {
  attributesOf,
  credentials,
  defaultRules,
  permissions,
  policy,
  type Permission,
  type PolicyTarget,
} from '../domain/policy.ts';
import { environment } from '../environment.ts';
import { whoIs } from './policy-who.ts';
import { complain, configured, say, sentenceOf } from './say.ts';

const usage = `usage: igor policy explain PERMISSION [WHO] [WHAT] [--file FILE] [--json]

Tells whether the rules permit it, and which clause decides. WHO is one of
  --persona NAME      ${Object.keys(personas).join(', ')}
  --as ROLES@PLACE    with these roles, commas between, in a project, domain:ID or system: member@alpha, reader@system
  --token-file FILE   whose token that is, says Keystone (OS_AUTH_URL)
  --token-stdin       likewise, of the token that is read
and otherwise whoever signs in by OS_* or clouds.yaml, as with the other commands.

WHAT it is done to is a machine of the caller's project, unless it is told:
  --project ID        a project's; "none" for the operator's
  --domain ID         of a project of that domain
  --user ID           begun by that user
  --target NAME=VALUE any other attribute

The rules are those of --file, else of IGOR_POLICY_FILE, else the usual ones. What is granted or lent is not looked at: whoami
tells. Ends with 0 when it is permitted, with 1 when it is not.`;

const options = {
  persona: { type: 'string' },
  as: { type: 'string' },
  'token-file': { type: 'string' },
  'token-stdin': { type: 'boolean' },
  project: { type: 'string' },
  domain: { type: 'string' },
  user: { type: 'string' },
  target: { type: 'string', multiple: true },
  file: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

const parsed = (args: readonly string[]) => parseArgs({ args: [...args], options, allowPositionals: true });
type Values = ReturnType<typeof parsed>['values'];

export const explainWord = async (args: readonly string[]): Promise<number> => {
  // Before the configuration is read, which takes the secrets out of it.
  const env = environment();
  try {
    const { values, positionals } = parsed(args);
    if (values.help === true) {
      say(usage);
      return 0;
    }
    const permission = permissionOf(positionals);
    const { rules, from } = await rulesOf(values.file);
    const identity = await whoIs(values, env);
    const answer = answerOf(rules, permission, identity, targetOf(values, identity));
    if (values.json === true) say(JSON.stringify({ permission, rules: from, ...answer }, null, 2));
    else for (const line of linesOf(permission, from, answer)) say(plain(line));
    return answer.permitted && answer.seen ? 0 : 1;
  } catch (error) {
    complain(plain(sentenceOf(error)));
    return error instanceof Fault && error.code !== 'invalid-input' ? 3 : 2;
  }
};

const permissionOf = ([name, ...more]: readonly string[]): Permission => {
  if (name === undefined || more.length > 0)
    throw new Fault('invalid-input', 'one permission is to be named: igor policy explain --help');
  const known = permissions.find((permission) => permission === name);
  if (known === undefined)
    throw new Fault('invalid-input', `there is no permission ${name}; there are ${permissions.join(', ')}`);
  return known;
};

const rulesOf = async (named: string | undefined): Promise<{ readonly rules: Ruleset; readonly from: string }> => {
  const config = named === undefined ? configured({ cloud: false }) : null;
  if (named === undefined && config === null) throw new Fault('invalid-input', 'or name a policy by --file');
  const file = named ?? config?.settings.IGOR_POLICY_FILE;
  if (file === undefined) return { rules: defaultRules(), from: 'the usual ones' };
  const reading = await readPolicyFile(file);
  if ('problems' in reading) throw new Fault('invalid-input', `${file} cannot be used: ${reading.problems.join('; ')}`);
  return { rules: reading.rules, from: file };
};

const targetOf = ({ project, domain, user, target = [] }: Values, identity: Identity): PolicyTarget => {
  const isOwn = project === undefined || project === identity.projectId;
  const projectId = project ?? identity.projectId ?? 'a-project';
  const domainId = domain ?? (isOwn ? (identity.projectDomainId ?? identity.domainId ?? 'a-domain') : undefined);
  const more = target.map((pair): readonly [string, string] => {
    const at = pair.indexOf('=');
    if (at < 1) throw new Fault('invalid-input', '--target: must be NAME=VALUE');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return {
    ...(projectId !== 'none' && { project_id: projectId }),
    ...(projectId !== 'none' && domainId !== undefined && { project_domain_id: domainId }),
    ...(user !== undefined && { user_id: user }),
    ...Object.fromEntries(more),
  };
};

interface Answer {
  readonly permitted: boolean;
  readonly by: string;
  /** What the caller sees at all, and whether it is seen. */
  readonly sees: string;
  readonly seen: boolean;
  readonly who: Readonly<Record<string, unknown>>;
  readonly target: PolicyTarget;
  readonly why: Explained;
}

const answerOf = (rules: Ruleset, permission: Permission, identity: Identity, target: PolicyTarget): Answer => {
  const inForce = policy(rules);
  const counted = credentials(rules)(permission, identity, target);
  const scope = inForce.scopeOf(identity, []);
  const { permitted, by } = inForce.decide(permission, identity, target);
  const attributes = attributesOf(target);
  return {
    permitted,
    by,
    sees: scope.kind,
    seen: onNothing.has(permission) || isSeen(scope, target),
    who: {
      user: identity.userName,
      roles: identity.roles,
      ...placeOf(identity),
      roles_count: counted['roles'] === identity.roles,
    },
    target,
    why: { ...explain({ kind: 'rule', name: permission }, rules, counted, attributes), check: permission },
  };
};

/** Asked about the caller himself. */
const onNothing: ReadonlySet<Permission> = new Set<Permission>(['oob:whoami:get', 'oob:scope:all', 'oob:scope:domain']);

const placeOf = ({ projectId, domainId, systemScope }: Identity): Readonly<Record<string, string>> => {
  if (projectId !== null) return { project_id: projectId };
  if (domainId !== null) return { domain_id: domainId };
  return systemScope === null ? {} : { system_scope: systemScope };
};

const linesOf = (permission: Permission, from: string, answer: Answer): readonly string[] => {
  const { permitted, seen, by, sees, who, target, why } = answer;
  const verdict = permitted ? (seen ? 'permitted' : 'permitted by the rule, but not seen: 404') : 'not permitted';
  const { user, roles, roles_count: count, ...place } = who;
  const held = Array.isArray(roles) && roles.length > 0 ? roles.join(', ') : 'none';
  return [
    `${permission}: ${verdict}`,
    `  by     ${by}`,
    `  who    ${String(user)}, ${pairs(place) || 'unscoped'}, roles ${held}${count === true ? '' : ' (which do not count here)'}`,
    `  what   ${pairs(target) || "the operator's"}`,
    `  sees   ${seesWords[sees] ?? sees}`,
    `  rules  ${from}`,
    '',
    ...treeOf(why, ''),
  ];
};

const seesWords: Readonly<Record<string, string>> = {
  all: 'every project',
  domain: "the machines of its domain's projects",
  project: 'its project',
  none: 'nothing',
};

const pairs = (record: object): string =>
  Object.entries(record)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');

const treeOf = ({ check, holds, compared, parts }: Explained, indent: string): readonly string[] => [
  `${indent}${holds ? '✔' : '✘'} ${check}${compared === null ? '' : `   (${compared})`}`,
  ...parts.flatMap((part) => treeOf(part, `${indent}  `)),
];
