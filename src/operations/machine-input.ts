import { z } from 'zod';
import { bindingRoles } from '../domain/controller.ts';
import { Fault } from '../domain/fault.ts';
import { hostAddress, hostName, macAddress, projectId, sshHostKey, tag } from '../domain/host-name.ts';
import type { SshEndpoint } from '../domain/machine.ts';
import { Secret } from '../domain/secret.ts';
import type { Driver, Endpoint } from '../ports/controller.ts';
import type { NewBinding, NewController, Reach } from '../ports/services.ts';

/** As many as one machine has. */
export const mostTags = 50;

const port = z.int().min(1).max(65_535);
const roles = z.array(z.enum(bindingRoles)).min(1).max(bindingRoles.length);
const inlineRoles = ['power', 'boot', 'sensors', 'logs', 'console'] as const;

/** A password on its way in: never shown again. */
export const password = z
  .string()
  .min(1)
  .max(255)
  .transform((value) => new Secret(value))
  .meta({ secret: true, description: 'Write-only' });

const controllerFields = {
  driver: z.string().max(32).default('ipmi').describe('What speaks to it'),
  address: hostAddress.describe('IP address or host name'),
  port: port.optional().describe("The driver's usual port, if absent"),
  username: z.string().max(255).describe('Of the account that Igor logs in with'),
  password,
  options: z.record(z.string(), z.unknown()).default({}).describe("The driver's own options"),
  max_sessions: z
    .int()
    .min(1)
    .max(8)
    .nullable()
    .default(null)
    .describe('Sessions that Igor may have there at a time; null: as many as is usual here'),
};
export const controllerInput = z.strictObject(controllerFields);

export const sshInput = z.strictObject({
  address: hostAddress.describe('IP address or host name'),
  port: port.default(22),
  user: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/, 'must be a user name')
    .describe('The account that Igor logs in as'),
  host_keys: z.array(sshHostKey).min(1).max(8).describe('Pinned; the host must show one of them'),
});

export const machineFields = {
  name: hostName.describe('A host name, unique in its project'),
  project_id: projectId.describe('The project that owns it'),
  description: z.string().max(1000),
  tags: z
    .array(tag)
    .max(mostTags)
    .overwrite((tags) => [...new Set(tags)]),
  ports: z.array(z.strictObject({ address: macAddress })).max(64),
  maintenance: z.boolean(),
  ssh: sshInput.nullable().describe('Where commands are run'),
  bindings: z
    .array(z.strictObject({ controller_id: z.uuid(), roles, selector: z.string().max(255).nullable().default(null) }))
    .max(16)
    .describe('Controllers that exist already'),
};

/** A machine's tags, by themselves. */
export const tagsBody = z.object({ tags: z.array(z.string()), revision: z.int().describe('Of the machine') });

interface Known {
  readonly drivers: ReadonlyMap<string, Driver>;
  readonly reach: Reach;
  readonly signal: AbortSignal;
}

/** A controller as it may be stored: its driver is known and takes the options, and Igor may reach its address. */
export const newController = async (
  input: z.output<typeof controllerInput>,
  owner: string | null,
  { drivers, reach, signal }: Known,
): Promise<NewController> => {
  const driver = drivers.get(input.driver);
  if (driver === undefined)
    throw new Fault(
      'invalid-input',
      `driver: there is none named ${input.driver}; known: ${[...drivers.keys()].join(', ')}`,
    );
  const [address = ''] = await reach.resolve(input.address, signal);
  const at = input.port ?? driver.port;
  const credential = { username: input.username, password: input.password };
  const options = optionsOf(driver, input.options);
  await mustOpen(driver, { address, port: at, credential, options, shelf: null });
  return {
    projectId: owner,
    driver: driver.name,
    address: input.address,
    port: at,
    credential,
    options,
    maxSessions: input.max_sessions,
  };
};

/** What the protocol cannot carry is told now, not at the first use. Nothing is sent. Faults: `invalid-input`. */
export const mustOpen = async (driver: Driver, endpoint: Endpoint): Promise<void> =>
  driver.open(endpoint)[Symbol.asyncDispose]();

/** What the driver makes of options, or every fault in them. */
export const optionsOf = (driver: Driver, options: unknown): Readonly<Record<string, unknown>> => {
  const parsed = driver.options.safeParse(options);
  if (parsed.success) return parsed.data as Record<string, unknown>; // each driver's options are an object
  const problems = parsed.error.issues.map(({ path, message }) => `options.${path.join('.')}: ${message}`);
  throw new Fault('invalid-input', problems.join('; '));
};

/** The usual machine has one controller for everything. */
export const inlineBinding = (controller: NewController): NewBinding => ({
  controller,
  roles: inlineRoles,
  selector: null,
});

export const bindingsFrom = (bindings: z.output<(typeof machineFields)['bindings']>): readonly NewBinding[] =>
  bindings.map(({ controller_id, roles: wanted, selector }) => ({
    controller: { id: controller_id },
    roles: wanted,
    selector,
  }));

/** Where commands are run, as it may be stored: Igor may reach its address. */
export const endpointFrom = async (
  input: z.output<typeof sshInput>,
  reach: Reach,
  signal: AbortSignal,
): Promise<Omit<SshEndpoint, 'publicKey'>> => {
  await reach.resolve(input.address, signal);
  return { address: input.address, port: input.port, user: input.user, hostKeys: input.host_keys };
};
