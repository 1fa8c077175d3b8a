import { z } from 'zod';
import { link } from './link.ts';
import { openMove, type OpenMove } from './open-move.ts';
import type { Secret } from './secret.ts';

/** How Igor fares with a controller, as its last conversation told. */
export const controllerHealths = [
  'unknown',
  'ok',
  'slow',
  'unreachable',
  'credentials',
  'saturated',
  'garbled',
] as const;
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
  /** Sessions that Igor may have there; null: as the setting says. */
  readonly maxSessions: number | null;
  readonly health: ControllerHealth;
  /** Since when it is so. */
  readonly healthAt: Date | null;
  /** When it is next tried, after it did not answer. */
  readonly retryAt: Date | null;
  /** A change of its network of which it is not yet known where it led. */
  readonly move: OpenMove | null;
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
    max_sessions: z.int().nullable().describe('Sessions that Igor may have there; null: as many as is usual here'),
    health: z.enum(controllerHealths),
    health_at: z.iso.datetime().nullable().describe('Since when it is so'),
    retry_at: z.iso.datetime().nullable().describe('When it is next tried, after it did not answer'),
    move: openMove.nullable().describe('A change of its network of which it is not yet known where it led'),
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
  max_sessions: controller.maxSessions,
  health: controller.health,
  health_at: controller.healthAt?.toISOString() ?? null,
  retry_at: controller.retryAt?.toISOString() ?? null,
  move: controller.move && { ...controller.move, since: new Date(controller.move.since).toISOString() },
  created_at: controller.createdAt.toISOString(),
  updated_at: controller.updatedAt.toISOString(),
  revision: controller.revision,
  links: [{ rel: 'self', href: href(`/v1/controllers/${controller.id}`) }],
});
