import { z } from 'zod';
import { link } from './link.ts';
import type { Secret } from './secret.ts';

/** How Igor fares with a controller, as its last conversation told. */
export const controllerHealths = ['unknown', 'ok', 'unreachable', 'credentials', 'saturated', 'garbled'] as const;
export type ControllerHealth = (typeof controllerHealths)[number];

/** What a binding uses its controller for. */
export const bindingRoles = ['power', 'boot', 'sensors', 'logs', 'console', 'media', 'feed'] as const;
export type BindingRole = (typeof bindingRoles)[number];

/** A thing with an address, a driver, a credential and a small number of sessions. */
export interface Controller {
  readonly id: string;
  /** Null: the operator's own. */
  readonly projectId: string | null;
  readonly driver: string;
  readonly address: string;
  readonly port: number;
  readonly username: string;
  /** What the driver's own schema accepted. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly health: ControllerHealth;
  readonly revision: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Machine → controller, with what it is for; a selector where one controller serves several machines. */
export interface Binding {
  readonly controllerId: string;
  /** The controller's, `host:port`, for journal and messages. */
  readonly address: string;
  /** The controller's; an open connection of another revision is out of date. */
  readonly revision: number;
  readonly roles: readonly BindingRole[];
  readonly selector: string | null;
}

/** How to log in to a controller. */
export interface Credential {
  readonly username: string;
  readonly password: Secret;
}

/** A controller on the wire: never its password. */
export const controllerBody = z
  .object({
    id: z.uuid(),
    project_id: z.string().nullable().describe("Null: the operator's own"),
    driver: z.string(),
    address: z.string(),
    port: z.int(),
    username: z.string(),
    options: z.record(z.string(), z.unknown()),
    health: z.enum(controllerHealths),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    revision: z.int(),
    links: z.array(link),
  })
  .meta({ id: 'Controller' });

/** As much of a controller as was asked for. */
export const controllerPart = controllerBody.partial().meta({ id: 'ControllerPart' });

export const controllerToWire = (
  controller: Controller,
  href: (path: string) => string,
): z.input<typeof controllerBody> => ({
  id: controller.id,
  project_id: controller.projectId,
  driver: controller.driver,
  address: controller.address,
  port: controller.port,
  username: controller.username,
  options: { ...controller.options },
  health: controller.health,
  created_at: controller.createdAt.toISOString(),
  updated_at: controller.updatedAt.toISOString(),
  revision: controller.revision,
  links: [{ rel: 'self', href: href(`/v1/controllers/${controller.id}`) }],
});
