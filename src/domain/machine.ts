import { z } from 'zod';
import { bindingRoles, controllerHealths, type Binding, type ControllerHealth } from './controller.ts';
import { link } from './link.ts';
import type { Permission } from './policy.ts';
import { powerState, type PowerState } from './power.ts';

/** A network port of a machine, known by its MAC address. */
export interface Port {
  readonly address: string;
}

/** Where commands are run: the machine's own operating system. */
export interface SshEndpoint {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Pinned: `ssh-ed25519 AAAA…`, one of which the host must show. */
  readonly hostKeys: readonly string[];
  /** The public half of the key pair that Igor made for this machine. */
  readonly publicKey: string;
}

/** What was last seen of a machine's power, and what has been asked of it since. */
export interface Observation {
  readonly state: PowerState;
  readonly observedAt: Date | null;
  /** True when a change was sent after the observation. */
  readonly stale: boolean;
  readonly wanted: PowerState | null;
}

/** A server that a project owns. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
  readonly projectDomainId: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly ports: readonly Port[];
  readonly maintenance: boolean;
  readonly bindings: readonly Binding[];
  readonly ssh: SshEndpoint | null;
  /** The project that it is lent to, and what that one's people may do, each as far as his role there goes. */
  readonly lessee: { readonly projectId: string; readonly permissions: readonly Permission[] } | null;
  readonly power: Observation;
  /** Of the controller that carries its power. */
  readonly health: ControllerHealth;
  /** Grows with each change of configuration; the ETag. */
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A machine on the wire. */
export const machineBody = z
  .object({
    id: z.uuid(),
    name: z.string(),
    project_id: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    ports: z.array(z.object({ address: z.string() })),
    maintenance: z.boolean(),
    bindings: z.array(
      z.object({ controller_id: z.uuid(), roles: z.array(z.enum(bindingRoles)), selector: z.string().nullable() }),
    ),
    power_state: powerState,
    observed_at: z.iso.datetime().nullable(),
    health: z.enum(controllerHealths),
    ssh: z
      .object({
        address: z.string(),
        port: z.int(),
        user: z.string(),
        host_keys: z.array(z.string()),
        public_key: z.string().describe('The public half of the key pair that Igor logs in with'),
      })
      .nullable(),
    lessee: z
      .object({ project_id: z.string(), permissions: z.array(z.string()) })
      .nullable()
      .describe('The project that it is lent to, and what may be done there'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    revision: z.int().describe('Also the ETag; grows with each change of configuration'),
    allowed_actions: z
      .array(z.string())
      .optional()
      .describe('The permissions that you have on it; on one machine always, in lists on request'),
    links: z.array(link),
  })
  .meta({ id: 'Machine' });

/** As much of a machine as was asked for. */
export const machinePart = machineBody.partial().meta({ id: 'MachinePart' });

export const machineToWire = (machine: Machine, href: (path: string) => string): z.input<typeof machineBody> => {
  const { id, name, description, power, health, ssh, revision } = machine;
  return {
    id,
    name,
    project_id: machine.projectId,
    description,
    tags: [...machine.tags],
    ports: machine.ports.map(({ address }) => ({ address })),
    maintenance: machine.maintenance,
    bindings: machine.bindings.map(({ controllerId, roles, selector }) => ({
      controller_id: controllerId,
      roles: [...roles],
      selector,
    })),
    power_state: power.state,
    observed_at: power.observedAt?.toISOString() ?? null,
    health,
    ssh: ssh && {
      address: ssh.address,
      port: ssh.port,
      user: ssh.user,
      host_keys: [...ssh.hostKeys],
      public_key: ssh.publicKey,
    },
    lessee: machine.lessee && {
      project_id: machine.lessee.projectId,
      permissions: [...machine.lessee.permissions],
    },
    created_at: machine.createdAt.toISOString(),
    updated_at: machine.updatedAt.toISOString(),
    revision,
    links: [{ rel: 'self', href: href(`/v1/machines/${id}`) }],
  };
};
