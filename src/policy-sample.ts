import { aliases, forDomains, permissions, rules, type Permission } from './domain/policy.ts';
import { executionRun } from './operations/execution-run.ts';
import { operations } from './operations/index.ts';

/** Every rule that is in force without a policy file, commented out, with what it guards: as oslo.policy's generator lays it out. */
export const policySample = (): string => {
  const levels = Object.entries(aliases).map(([name, rule]) =>
    entry([levelsSay[name as keyof typeof aliases]], name, rule),
  );
  const guarded = permissions.map((permission) => entry(commentsOf(permission), permission, rules[permission]));
  return `${head}\n${levels.join('\n')}\n${guarded.join('\n')}`;
};

const head = `# Igor's rules, in oslo.policy's language. Each line below is in force as it stands. Copy those that are to differ into a
# file, without their "#", and name that file by IGOR_POLICY_FILE. Rules stand in quotes: an unquoted ! is a YAML tag.
# "igor policy check" says what is wrong with the file and whom it lets do more or less; "igor policy explain" says why.
`;

const levelsSay: Readonly<Record<keyof typeof aliases, string>> = {
  admin: 'Who runs the cloud: every project, every controller',
  manager: 'Who answers for a project: its controllers, its journal, and what is granted in it',
  member: "Who works with a project's machines",
  reader: "Who sees a project's machines; each level takes in those above",
  system_reader: 'Who sees the fleet, and changes nothing',
};

/** Of permissions that no operation is named after. */
const othersSay: Partial<Record<Permission, string>> = {
  'oob:scope:all': 'See every project: the outer wall. Other rules open nothing beyond it',
  'oob:scope:domain':
    "Let domain-scoped tokens see the machines of their domain's projects, and do there what has the scope domain below",
  'oob:machine:aim': "Change a machine's project, ports, SSH endpoint or bindings",
  'oob:machine:lend': 'Lend a machine to another project',
};

const commentsOf = (permission: Permission): readonly string[] => {
  const guards = [...operations.filter((operation) => operation.permission === permission)];
  const other = othersSay[permission];
  return [
    ...(other === undefined ? [] : [other]),
    ...guards.flatMap(({ method, path, summary }) => [summary, `${method.toUpperCase()} /v1${path}`]),
    ...(executionRun.permission === permission ? [executionRun.summary] : []),
    `Scope: ${scopesOf(permission).join(', ')}`,
  ];
};

const scopesOf = (permission: Permission): readonly string[] => {
  if (permission === 'oob:scope:domain') return ['domain'];
  if (rules[permission] === '@') return ['any'];
  return forDomains.includes(permission) ? ['system', 'project', 'domain'] : ['system', 'project'];
};

const entry = (comments: readonly string[], name: string, rule: string): string =>
  `${comments.map((line) => `# ${line}\n`).join('')}#"${name}": "${rule}"\n`;
