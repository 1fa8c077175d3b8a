import type { ControllerHealth, BindingRole } from '../../domain/controller.ts';
import { hostPort } from '../../domain/host-port.ts';
import type { Machine, Port } from '../../domain/machine.ts';
import type { Permission } from '../../domain/policy.ts';
import type { PowerState } from '../../domain/power.ts';

/** As the query below yields it. */
export interface MachineRow {
  readonly id: string;
  readonly name: string;
  readonly project_id: string;
  readonly project_domain_id: string;
  readonly description: string;
  readonly tags: string[];
  readonly ports: Port[];
  readonly maintenance: boolean;
  readonly ssh_address: string | null;
  readonly ssh_port: number | null;
  readonly ssh_user: string | null;
  readonly ssh_host_keys: string[] | null;
  readonly ssh_public_key: string | null;
  readonly revision: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly power_state: PowerState | null;
  readonly observed_at: Date | null;
  readonly stale: boolean | null;
  readonly wanted: PowerState | null;
  readonly lessee_id: string | null;
  readonly lessee_permissions: Permission[] | null;
  readonly bindings: readonly BindingRow[];
}

interface BindingRow {
  readonly controller_id: string;
  readonly address: string;
  readonly port: number;
  readonly revision: number;
  readonly health: ControllerHealth;
  readonly roles: BindingRole[];
  readonly selector: string | null;
}

/** A machine with its bindings and what was last observed of it, in one question. */
export const selectMachines = `
SELECT m.id, m.name, m.project_id, m.project_domain_id, m.description, m.tags, m.ports, m.maintenance,
  m.ssh_address, m.ssh_port, m.ssh_user, m.ssh_host_keys, m.ssh_public_key,
  m.revision, m.created_at, m.updated_at, o.power_state, o.observed_at, o.stale, o.wanted,
  l.grantee_id AS lessee_id, l.permissions AS lessee_permissions,
  (SELECT coalesce(json_agg(json_build_object('controller_id', b.controller_id, 'address', c.address, 'port', c.port,
      'revision', c.revision, 'health', c.health, 'roles', b.roles, 'selector', b.selector) ORDER BY b.position), '[]')
    FROM bindings b JOIN controllers c ON c.id = b.controller_id WHERE b.machine_id = m.id) AS bindings
FROM machines m LEFT JOIN observations o ON o.machine_id = m.id
  LEFT JOIN grants l ON l.machine_id = m.id AND l.kind = 'loan' AND l.revoked_at IS NULL AND l.project_id = m.project_id`;

export const machineOf = (row: MachineRow): Machine => ({
  id: row.id,
  name: row.name,
  projectId: row.project_id,
  projectDomainId: row.project_domain_id,
  description: row.description,
  tags: row.tags,
  ports: row.ports,
  maintenance: row.maintenance,
  bindings: row.bindings.map(({ controller_id, address, port, revision, roles, selector }) => ({
    controllerId: controller_id,
    address: hostPort(address, port),
    revision,
    roles,
    selector,
  })),
  ssh:
    row.ssh_address === null
      ? null
      : {
          address: row.ssh_address,
          port: row.ssh_port ?? 22,
          user: row.ssh_user ?? '',
          hostKeys: row.ssh_host_keys ?? [],
          publicKey: row.ssh_public_key ?? '',
        },
  power: {
    state: row.power_state ?? 'unknown',
    observedAt: row.observed_at,
    stale: row.stale ?? false,
    wanted: row.wanted,
  },
  lessee: row.lessee_id === null ? null : { projectId: row.lessee_id, permissions: row.lessee_permissions ?? [] },
  health: row.bindings.find(({ roles }) => roles.includes('power'))?.health ?? 'unknown',
  revision: row.revision,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
